import type { SequentialSpec } from './search.js';
import type { CallReply, VaultCall } from './vault-call.js';
import { emptyVault, stepVault, type VaultModel } from './vault-model.js';

/** What else the search and its report may know about calls. */
export interface VaultSpec extends SequentialSpec<VaultModel, VaultCall> {
  /** Whether a call can change nothing: a history that is good stays good without it. */
  isReadOnly(call: VaultCall): boolean;
}

/** One vault on a fleet with this budget limit, as the search wants it. */
export function vaultSpec(budgetLimit: number): VaultSpec {
  const keys = new WeakMap<VaultModel, string>();
  return {
    initial: emptyVault,
    key(vault) {
      const key = keys.get(vault) ?? keyOf(vault);
      keys.set(vault, key);
      return key;
    },
    answers(vault, { request, reply }) {
      return stepVault(vault, request, reply, budgetLimit)
        .filter((execution) => reply !== undefined && isSameReply(execution.reply, reply))
        .map(({ next }) => next);
    },
    effects(vault, { request }) {
      return stepVault(vault, request, undefined, budgetLimit)
        .map(({ next }) => next)
        .filter((next) => next !== vault);
    },
    isReadOnly: ({ request }) => request.type === 'status',
  };
}

function keyOf({
  state,
  version,
  resets,
  live,
  pending,
  openAttempts,
  authTickets,
  registrations,
}: VaultModel): string {
  const credential = [live?.bytes, pending?.ticketId, pending?.authenticated, pending?.credential.bytes];
  const tickets = registrations.map(({ ticket }) => ticket);
  return JSON.stringify([state, version, resets, credential, openAttempts, authTickets, tickets]);
}

function isSameReply(a: CallReply, b: CallReply): boolean {
  const [left, right] = [Object.entries(a), b as unknown as Record<string, unknown>];
  return (
    left.length === Object.keys(right).length && left.every(([field, value]) => String(right[field]) === String(value))
  );
}
