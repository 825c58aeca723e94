import { equalBytes, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type ArtifactHistory,
  decodeArtifact,
  type FleetArtifact,
  type ListedFleet,
  stepArtifacts,
  TransparencyError,
  type TrustRoot,
  verifyKeyInForce,
} from '@coffer/transparency';
import { isAuditRequestSignature } from './audit-request.js';
import { AuditorError, type RefusalCode } from './errors.js';
import { type AuditBody, decodeEvidenceFile } from './http/bodies.js';
import type { EvidenceCheck, EvidenceFailure } from './ports.js';

const historyCodes: readonly RefusalCode[] = ['bad-artifact', 'epoch-not-next', 'wrong-previous', 'fleet-returned'];

/**
 * Who asks, before anything else is looked at: until here a request costs one signature check.
 * @throws AuditorError `bad-operator-signature`.
 */
export function verifyRequestSignature({ artifact, key, signature }: AuditBody, root: TrustRoot): void {
  const isListed = root.operators.some((operator) => equalBytes(operator, key));
  if (!isListed || !isAuditRequestSignature(artifact, key, signature))
    throw new AuditorError('bad-operator-signature', 'no operator of the trust root signed this');
}

/** @throws AuditorError `key-revoked`, judged at the place that the epoch has in the log. */
export function verifyOperatorInForce(root: TrustRoot, key: Uint8Array, epoch: number): void {
  try {
    verifyKeyInForce(root, key, epoch);
  } catch (cause) {
    throw new AuditorError('key-revoked', 'signed by an operator key that was revoked before', { cause });
  }
}

/** @throws AuditorError `bad-artifact`, `wrong-namespace`. */
export function openArtifact(bytes: Uint8Array, { namespace }: TrustRoot): FleetArtifact {
  let artifact: FleetArtifact;
  try {
    artifact = decodeArtifact(bytes);
  } catch (cause) {
    throw new AuditorError('bad-artifact', 'not an artifact', { cause });
  }
  if (artifact.namespace !== namespace) throw new AuditorError('wrong-namespace', 'an artifact of another namespace');
  return artifact;
}

/**
 * Epoch order, previous digest, fleets that must not return.
 * @throws AuditorError `epoch-not-next`, `wrong-previous`, `fleet-returned`.
 */
export function historyWith(history: ArtifactHistory, bytes: Uint8Array): ArtifactHistory {
  try {
    return stepArtifacts(history, bytes).history;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    const code = historyCodes.find((each) => each === cause.code) ?? 'bad-artifact';
    throw new AuditorError(code, 'not the next artifact', { cause });
  }
}

export interface CheckedEvidence {
  /** Files of the request that the check read: those that are worth keeping. */
  readonly files: readonly { readonly digest: Uint8Array; readonly bytes: Uint8Array }[];
}

/**
 * Judges the evidence of every fleet that the artifact before did not list with the same evidence.
 * @param held - evidence that is stored already.
 * @throws AuditorError `bad-request`, `evidence-mismatch`, `evidence-missing`, `evidence-failed`.
 */
export async function checkEvidence(
  artifact: FleetArtifact,
  before: FleetArtifact | undefined,
  posted: AuditBody['evidence'],
  held: (digest: Uint8Array) => Uint8Array | undefined,
  check: EvidenceCheck,
  trustRoot: TrustRoot,
  onFailure: (failures: readonly EvidenceFailure[]) => void,
): Promise<CheckedEvidence> {
  const files = decodeFiles(posted);
  const used = new Map<string, { digest: Uint8Array; bytes: Uint8Array }>();
  const read = (digest: Uint8Array): Uint8Array | undefined => {
    const bytes = files.get(hex(digest));
    if (bytes === undefined) return held(digest);
    used.set(hex(digest), { digest: digest.slice(), bytes });
    return bytes;
  };
  for (const fleet of artifact.fleets.filter((each) => !wasListed(each, before))) {
    if (read(fleet.evidence) === undefined) throw new AuditorError('evidence-missing', 'no index of the evidence');
    const failures = await check.check({
      read,
      indexDigest: fleet.evidence,
      descriptor: fleet.descriptor,
      trustRoot,
      size: artifact.epoch,
    });
    if (failures.length === 0) continue;
    onFailure(failures);
    throw new AuditorError('evidence-failed', 'the evidence does not hold');
  }
  return { files: [...used.values()] };
}

function decodeFiles(posted: AuditBody['evidence']): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [digest, text] of posted) {
    const bytes = decodeEvidenceFile(text);
    if (hex(sha256(bytes)) !== digest) throw new AuditorError('evidence-mismatch', 'a file of another digest');
    files.set(digest, bytes);
  }
  return files;
}

/** Judged when it was new; the same fleet with other evidence is judged again. */
function wasListed({ descriptor, evidence }: ListedFleet, before: FleetArtifact | undefined): boolean {
  return (before?.fleets ?? []).some(
    (fleet) => equalBytes(fleet.descriptor.configHash, descriptor.configHash) && equalBytes(fleet.evidence, evidence),
  );
}
