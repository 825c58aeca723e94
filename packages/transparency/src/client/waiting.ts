import { hex } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { TransparencyError } from '../errors.js';
import type { TrustRoot } from '../keys/trust-root.js';
import { waitingMs } from '../limits.js';
import { verifyConsistency } from '../log/proofs.js';
import type { MaturityProof } from './bundle.js';
import { type VerifiedEpoch, verifyKeysInForce, verifyLoggedEpoch } from './logged-epoch.js';

/** How long a fleet has to have been public. Its name is part of every result, so that a shortened one cannot hide. */
export interface WaitingPolicy {
  readonly name: string;
  readonly waitingMs: number;
  /** Fleets compiled into the app: whoever published it vouches for them. */
  readonly exempt: readonly ConfigHash[];
}

/** The rule: {@link waitingMs} for every fleet that is not compiled into the app. */
export const standardWaiting = (exempt: readonly ConfigHash[] = []): WaitingPolicy => ({
  name: 'standard: 72 h',
  waitingMs,
  exempt,
});

/** A shorter wait, for demonstrations and tests; the name says so. @param demoWaitingMs - whole milliseconds. */
export const demoWaiting = (demoWaitingMs: number, exempt: readonly ConfigHash[] = []): WaitingPolicy => ({
  name: `DEMO: ${demoWaitingMs} ms instead of 72 h`,
  waitingMs: demoWaitingMs,
  exempt,
});

/** configHash (hexadecimal) to why its keys need no more waiting. */
export type MatureFleets = ReadonlyMap<string, 'waited' | 'exempt'>;

/**
 * Which fleets have been public for long enough. Auditor and operator together could sign a fleet of their own making for
 * one victim; they would have to show it to everyone, three days before.
 * @param current - the newest epoch.
 * @param proofs - older ones; each is verified completely, whatever it is needed for.
 * @throws TransparencyError as `verifyBundle` for a proof that does not hold.
 */
export function matureFleets(
  current: VerifiedEpoch,
  proofs: readonly MaturityProof[],
  root: TrustRoot,
  waiting: WaitingPolicy,
): MatureFleets {
  const latestMs = current.newestMs - waiting.waitingMs;
  const older = proofs.map((proof) => verifyOlderEpoch(current, proof, root));
  const mature = new Map<string, 'waited' | 'exempt'>();
  for (const { artifact, publicSinceMs } of [current, ...older]) {
    // Who waits for nothing does not compare witnesses' clocks either.
    if (waiting.waitingMs > 0 && publicSinceMs > latestMs) continue;
    for (const { descriptor, status } of artifact.fleets) {
      if (status !== 'revoked') mature.set(hex(descriptor.configHash), 'waited');
    }
  }
  for (const configHash of waiting.exempt) mature.set(hex(configHash), 'exempt');
  return mature;
}

function verifyOlderEpoch(current: VerifiedEpoch, proof: MaturityProof, root: TrustRoot): VerifiedEpoch {
  const older = verifyLoggedEpoch(proof, root);
  if (older.leaf.namespace !== root.namespace) throw new TransparencyError('wrong-namespace', 'another namespace');
  // The root that it names was in force before the current leaf was logged: somebody withholds it, or its revocations.
  if (older.leaf.trustRootVersion > root.version)
    throw new TransparencyError('trust-root-version', 'an older epoch names a newer trust root');
  if (older.leaf.epoch !== older.index + 1)
    throw new TransparencyError('wrong-epoch', 'an epoch at another place of the log');
  verifyKeysInForce(older, root);
  verifyConsistency(older.signed.checkpoint, current.signed.checkpoint, proof.consistency);
  return older;
}
