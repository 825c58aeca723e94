import { SimulationError } from '../errors.js';
import { describeWindow } from './describe-window.js';
import { failingWindow } from './failing-window.js';
import { callsByAccount, type History } from './history.js';
import { type SearchOptions, searchOrder } from './search.js';
import { vaultSpec } from './vault-spec.js';

/** What checking a history took. */
export interface HistoryTally {
  readonly accounts: number;
  readonly calls: number;
  /** Calls of unknown outcome. */
  readonly unknown: number;
  /** Executions of repeated messages that were needed to explain the answers. */
  readonly repeats: number;
  /** Configurations visited. */
  readonly visits: number;
}

/** Repeated executions that a history of one account may need; each makes the search longer. */
export const repeatsMax = 3;

/**
 * Checks every account's part of a history against the sequential model of a vault.
 * @throws SimulationError `not-linearizable` with the smallest part that no order explains; `undecided` when the search
 * gave up, which proves nothing; `bad-history`.
 */
export function verifyHistory({ head, events }: History, options: SearchOptions = { repeatsMax }): HistoryTally {
  const accounts = [...callsByAccount(events)];
  const tally = { accounts: accounts.length, calls: 0, unknown: 0, repeats: 0, visits: 0 };
  for (const [account, calls] of accounts) {
    const spec = vaultSpec(head.budgetLimit, calls);
    const result = searchOrder(spec, calls, options);
    tally.calls += calls.length;
    tally.unknown += calls.filter(({ returned }) => returned === undefined).length;
    tally.visits += result.visits;
    if (result.type === 'linearizable') tally.repeats += result.repeats;
    else if (result.type === 'undecided') {
      throw new SimulationError('undecided', `${account}: no order found in ${result.visits} configurations`);
    } else {
      const window = failingWindow(spec, calls, spec.isReadOnly, options);
      throw new SimulationError('not-linearizable', describeWindow(account, window));
    }
  }
  return tally;
}
