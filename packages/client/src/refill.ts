import { equalBytes } from '@coffer/base';
import { unexpected } from './exchange.js';
import type { RefillOutcome } from './outcomes.js';
import { askStatus, type Session } from './session.js';

/**
 * Whether every failure since the last grant is one that this very device made and can account for. Only then is a refill
 * the person's without asking: a refill that covers somebody else's guesses gives them those guesses again.
 * Compared by ids: after a grant that this device never saw, foreign failures may be as many as its own had been.
 */
export function isOwnFailures({ keeper }: Session, version: number, openAttempts: readonly Uint8Array[]): boolean {
  const { ownFailures, failuresVersion } = keeper.state;
  const isOwn = (attemptId: Uint8Array): boolean => ownFailures.some((own) => equalBytes(own, attemptId));
  return openAttempts.length > 0 && failuresVersion === version && openAttempts.every(isOwn);
}

/** Trades a fresh proof of the password for a full budget. */
export async function refill(session: Session, authTicket: Uint8Array, version: number): Promise<RefillOutcome> {
  const reply = await session.exchange.call({ type: 'refill', authTicket });
  if (reply.type === 'refilled') {
    await session.keeper.update({ ownFailures: [], failuresVersion: version });
    return { type: 'refilled', budget: reply.budget };
  }
  if (reply.type !== 'stale-ticket') {
    if (reply.type === 'destroyed' || reply.type === 'erased' || reply.type === 'not-registered')
      return { type: 'stale' };
    throw unexpected(reply);
  }
  // A stale ticket is also what the second try of a refill gets whose reply was lost: then the budget is full.
  const status = await askStatus(session);
  const full = status.state === 'live' && status.version === version && status.failures === 0;
  return full ? { type: 'refilled', budget: status.budget } : { type: 'stale' };
}
