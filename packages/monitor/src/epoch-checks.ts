import { concat, equalBytes } from '@coffer/base';
import {
  type ArtifactHistory,
  artifactDigest,
  countersignedBy,
  decodeArtifact,
  decodeLeaf,
  decodePlexiMessage,
  type FleetArtifact,
  type Leaf,
  leafHash,
  stepArtifacts,
  verifyCountersignatures,
  verifyPlexiSignature,
} from '@coffer/transparency';
import { DoubtError, orDoubt } from './doubt.js';
import type { RootChain } from './root-chain.js';

/** @throws DoubtError `leaf-form`. */
export const openLeaf = (entry: Uint8Array): Leaf =>
  orDoubt('leaf-form', 'an entry that is no leaf', () => decodeLeaf(entry));

/** The leaf is the one of its place in this log. @throws DoubtError `leaf-place`. */
export function verifyPlace(leaf: Leaf, epoch: number, namespace: string): void {
  if (leaf.epoch !== epoch) throw new DoubtError('leaf-place', `it says epoch ${leaf.epoch}`);
  if (leaf.namespace !== namespace) throw new DoubtError('leaf-place', 'it is of another namespace');
}

/** Leaves are chained, so that two logs differ from the first different leaf on. @throws DoubtError `leaf-chain`. */
export function verifyChain({ previous }: Leaf, before: Uint8Array | undefined): void {
  const expected = before === undefined ? undefined : leafHash(before);
  const isSame =
    previous === undefined ? expected === undefined : expected !== undefined && equalBytes(previous, expected);
  if (!isSame) throw new DoubtError('leaf-chain', 'it does not name the leaf before');
}

/** Roots only go forward, and none is named before it was published. @returns the version. @throws DoubtError `trust-root-version`. */
export function verifyRootVersion({ trustRootVersion }: Leaf, before: number, roots: RootChain): number {
  roots.of(trustRootVersion);
  if (trustRootVersion < before)
    throw new DoubtError('trust-root-version', `trust root ${trustRootVersion} after trust root ${before}`);
  return trustRootVersion;
}

/**
 * The auditor's message is about this leaf, by a key of the root that the leaf names.
 * @throws DoubtError `auditor-signature`, `trust-root-version`.
 */
export function verifyAuditor({ auditor, namespace, epoch, digest, trustRootVersion }: Leaf, roots: RootChain): void {
  const { auditors } = roots.of(trustRootVersion);
  if (!auditors.some((key) => equalBytes(key, auditor.key)))
    throw new DoubtError('auditor-signature', `its key is no auditor of trust root ${trustRootVersion}`);
  orDoubt('auditor-signature', 'it does not verify', () => {
    const message = decodePlexiMessage(auditor.message);
    verifyPlexiSignature(auditor.message, auditor.key, auditor.signature);
    if (message.namespace !== namespace || message.epoch !== epoch || !equalBytes(message.digest, digest))
      throw new DoubtError('auditor-signature', 'the auditor signed something else than the leaf says');
  });
}

/** @throws DoubtError `operator-signature`, `trust-root-version`. */
export function verifyOperator(leaf: Leaf, roots: RootChain): void {
  const { key, signatures } = leaf.operator;
  if (!roots.of(leaf.trustRootVersion).operators.some((each) => equalBytes(each, key)))
    throw new DoubtError('operator-signature', `its key is no operator of trust root ${leaf.trustRootVersion}`);
  orDoubt('operator-signature', 'it does not verify', () =>
    verifyCountersignatures(countersignedBy(leaf), key, signatures),
  );
}

/** @param epoch - the leaf's place: its index plus one. @throws DoubtError `key-revoked`. */
export function verifyInForce({ auditor, operator }: Leaf, epoch: number, roots: RootChain): void {
  for (const key of [auditor.key, operator.key])
    orDoubt('key-revoked', 'signed by a key that was revoked before', () => roots.verifyInForce(key, epoch));
}

/** @throws DoubtError `artifact`: not the one that was signed, not well-formed, or with other evidence. */
export function openArtifact(bytes: Uint8Array, leaf: Leaf): FleetArtifact {
  if (!equalBytes(artifactDigest(bytes), leaf.digest)) throw new DoubtError('artifact', 'it has another digest');
  const artifact = orDoubt('artifact', 'it breaks its rules', () => decodeArtifact(bytes));
  if (artifact.namespace !== leaf.namespace) throw new DoubtError('artifact', 'it is of another namespace');
  const evidence = artifact.fleets.map((fleet) => fleet.evidence);
  if (evidence.length !== leaf.evidence.length || !equalBytes(concat(...evidence), concat(...leaf.evidence)))
    throw new DoubtError('artifact', 'the leaf lists other evidence');
  return artifact;
}

/**
 * The next artifact of a history.
 * @returns the history with it; also where it does not follow, so that one fault is reported once.
 * @param onDoubt - gets the DoubtError `succession`.
 */
export function succeed(
  history: ArtifactHistory,
  bytes: Uint8Array,
  onDoubt: (error: DoubtError) => void,
): ArtifactHistory {
  try {
    return orDoubt('succession', 'it does not follow from the epoch before', () => stepArtifacts(history, bytes))
      .history;
  } catch (error) {
    if (!(error instanceof DoubtError)) throw error;
    onDoubt(error);
    return { ...history, epoch: history.epoch + 1, digest: artifactDigest(bytes) };
  }
}
