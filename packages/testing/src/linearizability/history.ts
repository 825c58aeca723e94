import { SimulationError } from '../errors.js';
import type { TimedCall } from './search.js';
import type { CallReply, CallRequest, VaultCall } from './vault-call.js';

/** What a history is of. */
export interface HistoryHead {
  readonly v: 1;
  /** `virtual`: of a simulation; `monotonic`: of this machine since the run began. */
  readonly clock: 'virtual' | 'monotonic';
  /** Of the fleet, 1 to 10. */
  readonly budgetLimit: number;
  /** Where it comes from, for a person: a seed, a command. */
  readonly origin: string;
}

/** One line of a history. Lines are in the order in which things happened. */
export type HistoryEvent =
  /** Somebody sent a message. `call`: 0, 1, 2 ... in this order. */
  | {
      readonly type: 'invoke';
      readonly call: number;
      readonly atMs: number;
      readonly process: string;
      readonly account: string;
      readonly request: CallRequest;
    }
  /** It was answered with a proven reply. */
  | { readonly type: 'ok'; readonly call: number; readonly atMs: number; readonly reply: CallReply }
  /** It did not take effect and never will. */
  | { readonly type: 'fail'; readonly call: number; readonly atMs: number; readonly why: string }
  /** No proven reply came, and none will: it may have taken effect, may yet, or never will. */
  | { readonly type: 'info'; readonly call: number; readonly atMs: number; readonly why: string };

export interface History {
  readonly head: HistoryHead;
  readonly events: readonly HistoryEvent[];
}

/**
 * The calls of each account, with places in the order of events for times. Vaults share nothing, so a history is
 * linearizable exactly when the part of each account is (Herlihy and Wing's locality).
 * @throws SimulationError `bad-history` for a return without its invocation, or a second one.
 */
export function callsByAccount(events: readonly HistoryEvent[]): ReadonlyMap<string, readonly TimedCall<VaultCall>[]> {
  const accounts = new Map<string, Map<number, TimedCall<VaultCall>>>();
  const accountOf = new Map<number, string>();
  for (const [at, event] of events.entries()) {
    const { call: id } = event;
    if (event.type === 'invoke') {
      const { account, process, request, atMs } = event;
      if (accountOf.has(id)) throw new SimulationError('bad-history', `call ${id} is invoked twice`);
      accountOf.set(id, account);
      const calls = accounts.get(account) ?? new Map<number, TimedCall<VaultCall>>();
      accounts.set(account, calls);
      const call = { id, process, request, invokedMs: atMs, returnedMs: undefined, reply: undefined };
      calls.set(id, { call, invoked: at, returned: undefined });
      continue;
    }
    const calls = accounts.get(accountOf.get(id) ?? '');
    const timed = calls?.get(id);
    if (calls === undefined || timed === undefined || timed.call.returnedMs !== undefined) {
      throw new SimulationError('bad-history', `call ${id} ends, but is not under way`);
    }
    if (event.type === 'fail') {
      calls.delete(id);
      continue;
    }
    const reply = event.type === 'ok' ? event.reply : undefined;
    const call = { ...timed.call, returnedMs: event.atMs, reply };
    calls.set(id, { call, invoked: timed.invoked, returned: event.type === 'ok' ? at : undefined });
  }
  return new Map([...accounts].map(([account, calls]) => [account, [...calls.values()]]));
}
