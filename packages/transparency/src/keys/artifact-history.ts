import { equalBytes, hex } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { artifactDigest, decodeArtifact, type FleetArtifact } from './artifact.js';

/** What the artifacts up to one epoch leave behind: all that is needed to judge the next. */
export interface ArtifactHistory {
  /** 0 before the first artifact. */
  readonly epoch: number;
  /** Of the newest artifact; empty before the first. */
  readonly digest: Uint8Array;
  /** configHashes (hexadecimal) of the newest artifact that are not revoked. */
  readonly inUse: ReadonlySet<string>;
  /** configHashes that were revoked or removed: none of them returns. */
  readonly retired: ReadonlySet<string>;
}

export const emptyArtifactHistory: ArtifactHistory = {
  epoch: 0,
  digest: new Uint8Array(0),
  inUse: new Set(),
  retired: new Set(),
};

/**
 * Takes the next artifact of a namespace.
 * @returns the artifact and the history with it.
 * @throws TransparencyError `bad-artifact`; `epoch-not-next`; `wrong-previous` when it does not name the digest of the one
 *   before; `fleet-returned` when a configHash that was revoked or removed is usable again.
 */
export function stepArtifacts(
  history: ArtifactHistory,
  bytes: Uint8Array,
): { readonly artifact: FleetArtifact; readonly history: ArtifactHistory } {
  const artifact = decodeArtifact(bytes);
  if (artifact.epoch !== history.epoch + 1) throw new TransparencyError('epoch-not-next', 'epochs go up by one');
  if (artifact.previous !== undefined && !equalBytes(artifact.previous, history.digest))
    throw new TransparencyError('wrong-previous', 'another artifact came before');

  const inUse = new Set<string>();
  const retired = new Set(history.retired);
  const listed = new Set<string>();
  for (const { descriptor, status } of artifact.fleets) {
    const configHash = hex(descriptor.configHash);
    listed.add(configHash);
    // A fleet whose keys were given up, perhaps because they leaked, must not come back under the same keys.
    if (history.retired.has(configHash) && status !== 'revoked')
      throw new TransparencyError('fleet-returned', 'a retired fleet is in use again');
    (status === 'revoked' ? retired : inUse).add(configHash);
  }
  for (const configHash of history.inUse) if (!listed.has(configHash)) retired.add(configHash);
  return { artifact, history: { epoch: artifact.epoch, digest: artifactDigest(bytes), inUse, retired } };
}
