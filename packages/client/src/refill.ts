import { unexpected } from './exchange.js';
import type { RefillOutcome } from './outcomes.js';
import { askStatus, type Session } from './session.js';

/**
 * Whether every failure since the last grant is one that this very device made and can account for. Only then is a refill
 * the person's without asking: a refill that covers somebody else's guesses gives them those guesses again.
 */
export function isOwnFailures({ keeper }: Session, version: number, failures: number): boolean {
  const { ownFailures, failuresVersion } = keeper.state;
  return failures > 0 && failuresVersion === version && ownFailures === failures;
}

/** Trades a fresh proof of the password for a full budget. */
export async function refill(session: Session, authTicket: Uint8Array, version: number): Promise<RefillOutcome> {
  const reply = await session.exchange.call({ type: 'refill', authTicket });
  if (reply.type === 'refilled') {
    await session.keeper.update({ ownFailures: 0, failuresVersion: version });
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
