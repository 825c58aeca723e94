import { equalBytes } from '@coffer/base';
import {
  isKeyInForce,
  type Leaf,
  openCheckpoint,
  quorumOldest,
  type SignedCheckpoint,
  type TrustRoot,
} from '@coffer/transparency';
import { PublicationError } from './errors.js';
import { inLog } from './log-nodes.js';
import type { LogReader } from './log-reader.js';

/** The checkpoint that an epoch completed, and when a quorum of witnesses had first seen it. */
export interface EpochCheckpoint extends SignedCheckpoint {
  readonly bytes: Uint8Array;
}

/**
 * The newest epoch that a quorum of witnesses had seen by `latestMs`. One is enough for a bundle: a fleet stays listed, so
 * whatever is mature today was listed in it.
 *
 * Doubling steps back, then halving: an epoch that has been public for three days is a few steps away in a log of any
 * length. Sizes that never got their quorum, are not kept, or were signed by a log key revoked before them are skipped over.
 *
 * @param size - of the log. @returns undefined when there is none.
 */
export async function newestMatureEpoch(
  reader: Pick<LogReader, 'checkpointAt'>,
  size: number,
  latestMs: number,
  root: TrustRoot,
): Promise<EpochCheckpoint | undefined> {
  let best: EpochCheckpoint | undefined;
  let immature = size + 1;
  let low = size;
  /** The first epoch at or after `at` that is known and below `immature` decides for all between. */
  const isMatureFrom = async (at: number): Promise<boolean> => {
    for (let tried = at; tried < immature; tried++) {
      const found = await checkpointOf(reader, tried, root);
      if (found === undefined) continue;
      if (found.publicSinceMs > latestMs) break;
      best = found.checkpoint;
      low = tried;
      return true;
    }
    immature = at;
    return false;
  };
  for (let step = 1; low >= 1 && !(await isMatureFrom(low)); step *= 2) {
    if (low === 1) return undefined;
    low = Math.max(1, low - step);
  }
  while (low + 1 < immature) await isMatureFrom(low + Math.floor((immature - low) / 2));
  return best;
}

/**
 * Whether the root in force still stands behind the keys that signed a leaf: lists them, and has not revoked them at its
 * place. Clients hold older epochs to it as well, and refuse the whole bundle for one that they cannot believe.
 */
export function isSignedInForce({ epoch, auditor, operator }: Leaf, root: TrustRoot): boolean {
  const isInForce = (keys: readonly Uint8Array[], key: Uint8Array): boolean =>
    keys.some((each) => equalBytes(each, key)) && isKeyInForce(root, key, epoch);
  return isInForce(root.auditors, auditor.key) && isInForce(root.operators, operator.key);
}

async function checkpointOf(
  reader: Pick<LogReader, 'checkpointAt'>,
  size: number,
  root: TrustRoot,
): Promise<{ readonly checkpoint: EpochCheckpoint; readonly publicSinceMs: number } | undefined> {
  try {
    const bytes = await reader.checkpointAt(size);
    const { policy } = root;
    const signed = inLog(() => openCheckpoint(bytes, policy));
    // Clients refuse a whole bundle for the checkpoint of a revoked log key; another size will do.
    if (signed.logs.some(({ key }) => !isKeyInForce(root, key, size))) return undefined;
    const publicSinceMs = quorumOldest(policy, signed.cosignedMs);
    if (publicSinceMs === undefined || signed.checkpoint.size !== size) return undefined;
    return { checkpoint: { ...signed, bytes }, publicSinceMs };
  } catch (error) {
    if (error instanceof PublicationError && (error.code === 'not-published' || error.code === 'bad-log'))
      return undefined;
    throw error;
  }
}
