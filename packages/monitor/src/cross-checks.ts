import { equalBytes } from '@coffer/base';
import {
  artifactDigest,
  type Checkpoint,
  consistencyNodes,
  decodeBundle,
  decodeLeaf,
  decodePlexiMessage,
  encodeFraudProof,
  encodeProofFile,
  encodeTilePath,
  type FraudProof,
  inclusionNodes,
  type Leaf,
  type LoggedLeaf,
  type NodeReader,
  type NoteKey,
  openCheckpoint,
  type PlexiAnswer,
  proveConsistency,
  proveInclusion,
  pruneCheckpoint,
  readTiles,
  type Subtree,
  TransparencyError,
  type TrustRoot,
  tilesOfSubtrees,
  treeNodes,
  treeRoot,
  verifyConsistency,
  verifyFraudProof,
  verifyPlexiSignature,
} from '@coffer/transparency';
import { DoubtError, orDoubt } from './doubt.js';
import type { Published } from './published.js';
import type { RootChain } from './root-chain.js';

/** A checkpoint whose log signature was verified. */
export interface KnownCheckpoint extends Checkpoint {
  /** Bytes of the note. */
  readonly note: Uint8Array;
  /** The keys of the log that signed it. */
  readonly logs: readonly NoteKey[];
}

/** @throws DoubtError `checkpoint`. */
export function openKnown(note: Uint8Array, { policy, origin }: TrustRoot): KnownCheckpoint {
  const { checkpoint, logs } = orDoubt('checkpoint', 'the log did not sign it', () => openCheckpoint(note, policy));
  if (checkpoint.origin !== origin) throw new DoubtError('checkpoint', 'it is of another log');
  return { ...checkpoint, note: pruneCheckpoint(note, policy), logs };
}

/**
 * Checks that two checkpoints are of one history, whichever of them is older.
 * @param larger - whoever has the tiles of the larger tree, or of both.
 * @throws DoubtError `split-view` with a fraud proof, where the tiles allow one; `tile` when they are not the larger tree's.
 */
export async function verifyOneHistory(
  [one, other]: readonly [KnownCheckpoint, KnownCheckpoint],
  larger: Published,
  root: TrustRoot,
): Promise<void> {
  const [first, second] = one.size <= other.size ? [one, other] : [other, one];
  if (first.size === 0) return;
  const notes = { kind: 'conflicting-checkpoints', first: first.note, second: second.note } as const;
  if (first.size === second.size) {
    if (!equalBytes(first.root, second.root))
      throw accusation('split-view', `two trees of ${first.size} leaves`, notes, root);
    return;
  }
  const nodes = [...consistencyNodes(first.size, second.size), treeNodes(first.size)];
  const read = await readNodes(larger, nodes, second.size);
  const consistency = orDoubt('tile', 'a tile has another length', () =>
    proveConsistency(first.size, second.size, read),
  );
  if (isConsistent(first, second, consistency)) return;
  const prefix = { root: orDoubt('tile', 'a tile has another length', () => treeRoot(first.size, read)), consistency };
  if (!isConsistent({ size: first.size, root: prefix.root }, second, consistency))
    throw new DoubtError('tile', `the tiles are not those of the tree of ${second.size} leaves`);
  const why = `the tree of ${second.size} leaves does not begin with the ${first.size} that were signed before`;
  throw accusation('split-view', why, { ...notes, prefix }, root);
}

/**
 * A checkpoint from another time: of a log key that a later root may have dropped.
 * @param roots - newest first. @throws DoubtError `checkpoint`, of the newest.
 */
export function openEarlier(note: Uint8Array, [newest, ...older]: readonly TrustRoot[]): KnownCheckpoint {
  try {
    return openKnown(note, newest as TrustRoot);
  } catch (error) {
    for (const root of error instanceof DoubtError ? older : []) {
      try {
        return openKnown(note, root);
      } catch (other) {
        if (!(other instanceof DoubtError)) throw other;
      }
    }
    throw error;
  }
}

/** What the log has at an epoch, with its proof. @throws DoubtError `tile`, `missing`. */
export async function loggedLeaf(
  published: Published,
  epoch: number,
  { size, note }: KnownCheckpoint,
  leaf: Uint8Array,
): Promise<LoggedLeaf> {
  const read = await readNodes(published, inclusionNodes(epoch - 1, size), size);
  const hashes = orDoubt('tile', 'a tile has another length', () => proveInclusion(epoch - 1, size, read));
  return { proof: encodeProofFile({ index: epoch - 1, hashes, checkpoint: note }), leaf };
}

/** The case against an auditor that answers something else than its log has. */
export function contradicted(answer: PlexiAnswer, log: LoggedLeaf, root: TrustRoot): DoubtError {
  const why = 'the Plexi answer is not what the log has';
  return accusation('plexi-answer', why, { kind: 'contradicted-answer', answer, log }, root);
}

/** What somebody was given as an epoch of the log. */
export interface BundleLeaf {
  readonly leaf: Leaf;
  readonly bytes: Uint8Array;
  /** The place that the auditor's message names: that is what was signed, whatever the leaf around it says. */
  readonly epoch: number;
}

/** Form, namespace and artifact; whose word it is, {@link verifyBundleAuditor} says. @throws DoubtError `unlogged`. */
export function openBundleLeaf(bytes: Uint8Array, namespace: string): BundleLeaf {
  return orDoubt('unlogged', 'the bundle is not one that an auditor signs', () => {
    const bundle = decodeBundle(bytes);
    const leaf = decodeLeaf(bundle.leaf);
    const message = decodePlexiMessage(leaf.auditor.message);
    if (message.namespace !== namespace || message.epoch < 1)
      throw new DoubtError('unlogged', 'the bundle is of another namespace, or of no epoch');
    if (!equalBytes(artifactDigest(bundle.artifact), leaf.digest))
      throw new DoubtError('unlogged', 'the bundle has another artifact than its leaf');
    return { leaf, bytes: bundle.leaf, epoch: message.epoch };
  });
}

/**
 * An auditor of any root of the chain: one that a later root dropped still had to log what it signed, and the version in a
 * leaf that is not logged is whatever its maker wrote.
 * @throws DoubtError `unlogged` when nobody of the chain signed it; `key-revoked` for what a thief can sign.
 */
export function verifyBundleAuditor({ leaf, epoch }: BundleLeaf, roots: RootChain): void {
  const { key, message, signature } = leaf.auditor;
  if (!roots.all.some(({ auditors }) => auditors.some((each) => equalBytes(each, key))))
    throw new DoubtError('unlogged', 'the bundle is of another auditor');
  orDoubt('unlogged', 'the auditor did not sign the bundle', () => verifyPlexiSignature(message, key, signature));
  const why = 'the bundle is signed by a key that was revoked before';
  orDoubt('key-revoked', why, () => roots.verifyInForce(key, epoch));
}

/**
 * The case about a bundle whose leaf is not in the log.
 * @param log - what is at its place, or the newest checkpoint when that is shorter.
 */
export function unlogged(
  leaf: Uint8Array,
  log: LoggedLeaf | { readonly checkpoint: Uint8Array },
  root: TrustRoot,
): DoubtError {
  const why = 'checkpoint' in log ? 'the log does not have it yet' : 'the log has something else in its place';
  return accusation('unlogged', why, { kind: 'unlogged-bundle', leaf, log }, root);
}

/** A fraud proof is handed out only if whoever gets it will find that it holds. */
function accusation(code: 'split-view' | 'plexi-answer' | 'unlogged', why: string, proof: FraudProof, root: TrustRoot) {
  try {
    const fraudProof = encodeFraudProof(proof);
    verifyFraudProof(fraudProof, root);
    return new DoubtError(code, why, { fraudProof });
  } catch (cause) {
    if (cause instanceof TransparencyError) return new DoubtError(code, why, { cause });
    throw cause;
  }
}

function isConsistent(...parts: Parameters<typeof verifyConsistency>): boolean {
  try {
    verifyConsistency(...parts);
    return true;
  } catch (error) {
    if (error instanceof TransparencyError) return false;
    throw error;
  }
}

async function readNodes(published: Published, subtrees: readonly Subtree[], size: number): Promise<NodeReader> {
  const fetched = new Map<string, Uint8Array>();
  for (const tile of tilesOfSubtrees(subtrees, size)) fetched.set(encodeTilePath(tile), await published.tile(tile));
  return readTiles(size, fetched);
}
