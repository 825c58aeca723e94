import { equalBytes } from '@coffer/base';
import {
  artifactDigest,
  type Checkpoint,
  decodeBundle,
  decodeCheckpoint,
  decodeLeaf,
  decodeNote,
  decodeProofFile,
  encodeBundle,
  encodeProofFile,
  isTreeSize,
  type LoggedEpoch,
  leafHash,
  type MaturityProof,
  openCheckpoint,
  pruneCheckpoint,
  quorumNewest,
  type TrustRoot,
  verifyInclusion,
} from '@coffer/transparency';
import { PublicationError } from './errors.js';
import { inLog, readProofs } from './log-nodes.js';
import type { LogReader } from './log-reader.js';
import { isSignedInForce, newestMatureEpoch } from './mature-epoch.js';

export interface BundleOptions {
  /** The root that the newest leaf names; bundles carry the lines of its log and witness keys and no others. */
  readonly trustRoot: TrustRoot;
  /** The size at which the bundle's reader last verified the log; 0 for a newcomer. */
  readonly fromSize: number;
  /** How long clients want a fleet to have been public, in milliseconds. */
  readonly waitingMs: number;
}

/**
 * The validation bundle of the newest epoch, put together from published parts. It is checked against the log's own
 * checkpoint, but no signature of auditor or operator is: `verifyBundle` does that.
 *
 * @throws PublicationError `bad-size` for a `fromSize` over the log's, `bad-log`, and what the reader throws.
 */
export async function buildBundle(reader: LogReader, options: BundleOptions): Promise<Uint8Array> {
  const { trustRoot, fromSize, waitingMs } = options;
  const { policy } = trustRoot;
  const note = await reader.checkpoint();
  const { checkpoint, cosignedMs } = inLog(() => openCheckpoint(note, policy));
  checkFromSize(fromSize, checkpoint.size);
  if (checkpoint.size === 0) throw new PublicationError('not-published', 'the log is empty');

  const newestMs = quorumNewest(policy, cosignedMs);
  const mature =
    newestMs === undefined || waitingMs <= 0
      ? undefined
      : await newestMatureEpoch(reader, checkpoint.size, newestMs - waitingMs, trustRoot);
  const epochs = [{ checkpoint, bytes: note }, ...(mature === undefined ? [] : [mature])];
  const [consistency, ...proofs] = await readProofs(reader, checkpoint, [
    { type: 'consistency', fromSize },
    ...epochs.flatMap(({ checkpoint: { size } }) => [
      { type: 'inclusion' as const, index: size - 1, size },
      { type: 'consistency' as const, fromSize: size },
    ]),
  ]);
  const parts = await Promise.all(
    epochs.map(async (epoch, i): Promise<MaturityProof> => {
      const logged = await readEpoch(reader, epoch, proofs[2 * i] ?? [], policy);
      return { ...logged, consistency: proofs[2 * i + 1] ?? [] };
    }),
  );
  const [current, ...older] = parts as [MaturityProof, ...MaturityProof[]];
  // Without the older epoch, new fleets wait and all others go on; with one that clients refuse, nobody has news at all.
  const maturity = older.filter(({ leaf }) => inLog(() => isSignedInForce(decodeLeaf(leaf), trustRoot)));
  return inLog(() =>
    encodeBundle({
      artifact: current.artifact,
      leaf: current.leaf,
      proof: current.proof,
      maturity,
      consistency: { fromSize, hashes: consistency ?? [] },
    }),
  );
}

/**
 * The same bundle for somebody who verified the log at another size last.
 * @param bundle - verified.
 * @throws PublicationError as {@link buildBundle}.
 */
export async function rebaseBundle(
  reader: Pick<LogReader, 'tile'>,
  bundle: Uint8Array,
  fromSize: number,
): Promise<Uint8Array> {
  const parts = inLog(() => decodeBundle(bundle));
  const checkpoint = inLog(() => decodeCheckpoint(decodeNote(decodeProofFile(parts.proof).checkpoint).text));
  checkFromSize(fromSize, checkpoint.size);
  const [hashes] = await readProofs(reader, checkpoint, [{ type: 'consistency', fromSize }]);
  return inLog(() => encodeBundle({ ...parts, consistency: { fromSize, hashes: hashes ?? [] } }));
}

/** Artifact, leaf and inclusion proof of the epoch that completed this checkpoint. */
async function readEpoch(
  reader: LogReader,
  { checkpoint, bytes }: { readonly checkpoint: Checkpoint; readonly bytes: Uint8Array },
  hashes: readonly Uint8Array[],
  policy: TrustRoot['policy'],
): Promise<LoggedEpoch> {
  const { size } = checkpoint;
  const leaf = await reader.leaf(size);
  const digest = inLog(() => {
    verifyInclusion(size - 1, leafHash(leaf), hashes, checkpoint);
    return decodeLeaf(leaf).digest;
  });
  const artifact = await reader.artifact(digest);
  if (!equalBytes(artifactDigest(artifact), digest))
    throw new PublicationError('bad-log', 'an artifact with another digest');
  const proof = encodeProofFile({ index: size - 1, hashes, checkpoint: inLog(() => pruneCheckpoint(bytes, policy)) });
  return { artifact, leaf, proof };
}

function checkFromSize(fromSize: number, size: number): void {
  if (!isTreeSize(fromSize) || fromSize > size)
    throw new PublicationError('bad-size', 'a size that the log has not reached');
}
