import type { SequentialSpec, TimedCall } from './search.js';
import type { CallReply, Name, VaultCall } from './vault-call.js';
import { emptyVault, stepVault, type VaultModel } from './vault-model.js';

/** What else the search and its report may know about calls. */
export interface VaultSpec extends SequentialSpec<VaultModel, VaultCall> {
  /** Whether a call can change nothing: a history that is good stays good without it. */
  isReadOnly(call: VaultCall): boolean;
}

/**
 * One vault on a fleet with this budget limit, as the search wants it.
 * @param calls - the history to be searched, or one that it is part of: from it follows until when a name matters.
 */
export function vaultSpec(budgetLimit: number, calls: readonly TimedCall<VaultCall>[]): VaultSpec {
  const mentions = new Mentions(calls);
  return {
    initial: emptyVault,
    key: (vault, due) => keyOf(vault, due, mentions),
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

/**
 * Until when it matters what a thing is called. Which of two attempts is open, when no later call names either, is a
 * difference that nobody will hear: only how many are open is. The same holds for a ticket that nobody will use. Without
 * this, n lost guesses would be 2^n states.
 */
class Mentions {
  readonly #last = new Map<Name, number>();
  /** KE1s of starts without an answer, which may be opened at any time. */
  readonly #openable = new Set<Name>();

  constructor(calls: readonly TimedCall<VaultCall>[]) {
    for (const { call, invoked, returned } of calls) {
      const { request, reply } = call;
      // One that nobody answered may use its ticket at any time, but opens its attempt in the same way as any other one.
      const until = returned ?? (request.type === 'recover.start' ? invoked : Number.POSITIVE_INFINITY);
      if (request.type === 'recover.start' && returned === undefined) this.#openable.add(request.ke1);
      const named = [
        ...('ke1' in request ? [request.ke1] : []),
        ...('authTicket' in request ? [request.authTicket] : []),
        ...('registration' in request ? [request.registration] : []),
        ...(reply?.type === 'recovered' ? reply.openAttempts : []),
      ];
      for (const name of named) {
        if (name !== undefined) this.#last.set(name, Math.max(until, this.#last.get(name) ?? 0));
      }
    }
  }

  matters(name: Name, due: number): boolean {
    return (this.#last.get(name) ?? Number.NEGATIVE_INFINITY) >= due;
  }

  /** The name while it matters; then only whether it can be opened again. */
  attempt(ke1: Name, due: number): string {
    if (this.matters(ke1, due)) return ke1;
    return this.#openable.has(ke1) ? '+' : '-';
  }
}

function keyOf(vault: VaultModel, due: number, mentions: Mentions): string {
  const { state, version, resets, live, pending, openAttempts, authTickets, registrations } = vault;
  return JSON.stringify([
    [state, version, resets, live?.bytes],
    [pending?.ticketId, pending?.authenticated, pending?.credential.bytes],
    openAttempts.map((ke1) => mentions.attempt(ke1, due)).sort(),
    authTickets.filter((ticket) => mentions.matters(ticket, due)),
    registrations.map(({ ticket }) => ticket).filter((ticket) => mentions.matters(ticket, due)),
  ]);
}

function isSameReply(a: CallReply, b: CallReply): boolean {
  const [left, right] = [Object.entries(a), b as unknown as Record<string, unknown>];
  return (
    left.length === Object.keys(right).length && left.every(([field, value]) => String(right[field]) === String(value))
  );
}
