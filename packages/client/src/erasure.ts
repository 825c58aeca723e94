import { zero } from '@coffer/base';
import { encodeErasureReceipt } from './erasure-receipt.js';
import { unexpected } from './exchange.js';
import type { EraseOptions, EraseOutcome } from './outcomes.js';
import { askStatus, type Session } from './session.js';

/**
 * Erases the vault, and goes on owing the erasure until a receipt with a valid commit proof is here. The owed version is
 * on disk before anything is sent: a lost reply must not leave the person believing in an erasure that never was.
 */
export async function erase(session: Session, { version }: EraseOptions = {}): Promise<EraseOutcome> {
  if (version !== undefined && session.keeper.state.owedErasure !== version)
    await session.keeper.update({ owedErasure: version });
  const owed = session.keeper.state.owedErasure ?? (await owe(session));
  if (owed === undefined) return { type: 'not-registered' };
  const { exchange, keeper, vault } = session;
  const call = exchange.seal({ type: 'erase', version: owed });
  try {
    const answer = await exchange.post(call.sealed);
    const reply = exchange.open(call, answer);
    if (reply.type === 'stale-ticket') {
      // The secret that was to be erased is gone, but by somebody else's hand, and there may be another one: no erasure.
      await keeper.update({ owedErasure: undefined });
      return { type: 'superseded' };
    }
    if (reply.type !== 'erasure-receipt' || reply.version !== owed + 1) throw unexpected(reply);
    const { replySecret, requestHash } = call;
    const receipt = encodeErasureReceipt({ vaultId: vault.vaultId, requestHash, replySecret, answer });
    await keeper.update({
      owedErasure: undefined,
      attempt: undefined,
      registration: undefined,
      knownVersion: reply.version,
      seenVersion: Math.max(reply.version, keeper.state.seenVersion),
      ownFailures: [],
      failuresVersion: reply.version,
    });
    return { type: 'erased', version: reply.version, receipt };
  } finally {
    zero(call.replySecret);
  }
}

/** Decides which version to erase, and writes it down. @returns undefined when there is nothing to erase. */
async function owe(session: Session): Promise<number | undefined> {
  const { state, version, pending } = await askStatus(session);
  if (state === 'none' && pending === undefined) return undefined;
  // A vault that is erased already gives its receipt to who names the version before.
  const owedErasure = state === 'erased' ? version - 1 : version;
  await session.keeper.update({ owedErasure });
  return owedErasure;
}
