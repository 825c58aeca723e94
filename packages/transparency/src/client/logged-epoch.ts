import { concat, equalBytes } from '@coffer/base';
import { signatureOf } from '../c2sp/note.js';
import { decodeProofFile } from '../c2sp/proof-file.js';
import { quorumNewest, quorumOldest } from '../c2sp/quorum.js';
import { openCheckpoint, type SignedCheckpoint } from '../c2sp/signed-checkpoint.js';
import { TransparencyError } from '../errors.js';
import { artifactDigest, decodeArtifact, type FleetArtifact } from '../keys/artifact.js';
import { verifyCountersignatures } from '../keys/countersignature.js';
import { countersignedBy, decodeLeaf, type Leaf } from '../keys/leaf.js';
import { decodePlexiMessage, verifyPlexiSignature } from '../keys/plexi.js';
import { verifyKeyInForce } from '../keys/revocation.js';
import type { TrustRoot } from '../keys/trust-root.js';
import { leafHash } from '../log/hashing.js';
import { verifyInclusion } from '../log/proofs.js';
import type { LoggedEpoch } from './bundle.js';

/** An epoch that was signed by the keys of the trust root and is in a witnessed checkpoint. */
export interface VerifiedEpoch {
  readonly artifact: FleetArtifact;
  readonly leaf: Leaf;
  readonly index: number;
  readonly signed: SignedCheckpoint;
  /** The quorum-th newest cosignature, in milliseconds since 1970. */
  readonly newestMs: number;
  /** When the quorum-th oldest one was made: by then a quorum of witnesses had seen it. */
  readonly publicSinceMs: number;
}

/** The first two rows of the table: who signed it, and that it is in the log for everyone to see. */
export function verifyLoggedEpoch(parts: LoggedEpoch, root: TrustRoot): VerifiedEpoch {
  const artifact = decodeArtifact(parts.artifact);
  const leaf = decodeLeaf(parts.leaf);
  verifyDigest(parts.artifact, artifact, leaf);
  verifyAuditorSignature(leaf, root);
  verifyOperatorSignature(leaf, root);
  return { artifact, leaf, ...verifyLogged(parts, root) };
}

/** Whoever stole a key can sign with any date, but not at a place of the log that others have seen filled. */
export function verifyKeysInForce({ leaf, index, signed }: VerifiedEpoch, root: TrustRoot): void {
  verifyKeyInForce(root, leaf.auditor.key, index + 1);
  verifyKeyInForce(root, leaf.operator.key, index + 1);
  for (const { key } of signed.logs) verifyKeyInForce(root, key, signed.checkpoint.size);
}

/** The artifact is the one that the leaf, and the auditor's message in it, speak of. */
function verifyDigest(bytes: Uint8Array, artifact: FleetArtifact, leaf: Leaf): void {
  const digest = artifactDigest(bytes);
  const message = decodePlexiMessage(leaf.auditor.message);
  if (!equalBytes(digest, leaf.digest) || !equalBytes(digest, message.digest))
    throw new TransparencyError('bad-digest', 'the artifact is not the one that was signed');
  for (const { namespace, epoch } of [leaf, message]) {
    if (namespace !== artifact.namespace || epoch !== artifact.epoch)
      throw new TransparencyError('contradictory-leaf', 'artifact, leaf and auditor’s message differ');
  }
  const evidence = artifact.fleets.map((fleet) => fleet.evidence);
  if (evidence.length !== leaf.evidence.length || !equalBytes(concat(...evidence), concat(...leaf.evidence)))
    throw new TransparencyError('wrong-evidence', 'the leaf lists other evidence than the artifact');
}

function verifyAuditorSignature({ auditor }: Leaf, { auditors }: TrustRoot): void {
  if (!auditors.some((key) => equalBytes(key, auditor.key)))
    throw new TransparencyError('bad-auditor-signature', 'not an auditor of the trust root');
  verifyPlexiSignature(auditor.message, auditor.key, auditor.signature);
}

function verifyOperatorSignature(leaf: Leaf, { operators }: TrustRoot): void {
  if (!operators.some((key) => equalBytes(key, leaf.operator.key)))
    throw new TransparencyError('bad-operator-signature', 'not an operator of the trust root');
  verifyCountersignatures(countersignedBy(leaf), leaf.operator.key, leaf.operator.signatures);
}

function verifyLogged({ leaf, proof }: LoggedEpoch, { policy }: TrustRoot): Omit<VerifiedEpoch, 'artifact' | 'leaf'> {
  const { index, hashes, checkpoint, extra } = decodeProofFile(proof);
  if (extra !== undefined) throw new TransparencyError('bad-proof-file', 'a bundle carries no extra data');
  const signed = openCheckpoint(checkpoint, policy);
  // Elsewhere lines of unknown keys are ignored. Here they would be the one place for bytes that nobody checks.
  const known = [...policy.logs, ...policy.witnesses].filter(({ key }) => signatureOf(signed.note, key) !== undefined);
  if (known.length !== signed.note.signatures.length)
    throw new TransparencyError('unknown-signature', 'a signature line that the trust root does not know');
  verifyInclusion(index, leafHash(leaf), hashes, signed.checkpoint);
  const newestMs = quorumNewest(policy, signed.cosignedMs);
  const publicSinceMs = quorumOldest(policy, signed.cosignedMs);
  if (newestMs === undefined || publicSinceMs === undefined)
    throw new TransparencyError('no-witness-quorum', 'too few witnesses cosigned');
  return { index, signed, newestMs, publicSinceMs };
}
