import { equalBytes } from '@coffer/base';
import { type Checkpoint, decodeCheckpoint } from '../c2sp/checkpoint.js';
import { decodeNote } from '../c2sp/note.js';
import { decodeProofFile } from '../c2sp/proof-file.js';
import { quorumNewest } from '../c2sp/quorum.js';
import { openCheckpoint, verifyLogSignature } from '../c2sp/signed-checkpoint.js';
import { TransparencyError } from '../errors.js';
import { verifyCountersignatures } from '../keys/countersignature.js';
import { countersignedBy, decodeLeaf } from '../keys/leaf.js';
import { decodePlexiMessage, encodePlexiMessage, type PlexiMessage, verifyPlexiSignature } from '../keys/plexi.js';
import { verifyPlexiAnswer } from '../keys/plexi-answer.js';
import { verifyKeyInForce } from '../keys/revocation.js';
import type { TrustRoot } from '../keys/trust-root.js';
import { loggingDelayMsMax } from '../limits.js';
import { leafHash } from '../log/hashing.js';
import { verifyConsistency, verifyInclusion } from '../log/proofs.js';
import { decodeFraudProof, type FraudProof, type LoggedLeaf } from './fraud-proof.js';

/** What a fraud proof shows to anyone who believes the trust root's list of keys. */
export interface FraudFinding {
  readonly kind: FraudProof['kind'];
  /** Whose signing key did it. */
  readonly culprit: 'log' | 'auditor' | 'auditor or operator';
  /** One sentence for people. */
  readonly finding: string;
}

/**
 * Checks a fraud proof.
 * @param bytes - a file from anyone.
 * @throws TransparencyError `bad-fraud-proof`; `not-fraud` when what it brings is compatible with honesty; the code of the
 *   signature or proof that does not verify.
 */
export function verifyFraudProof(bytes: Uint8Array, trustRoot: TrustRoot): FraudFinding {
  const proof = decodeFraudProof(bytes);
  switch (proof.kind) {
    case 'conflicting-checkpoints':
      return verifyConflict(proof, trustRoot);
    case 'unlogged-bundle':
      return verifyUnlogged(proof, trustRoot);
    case 'contradicted-answer': {
      const key = verifyPlexiAnswer(proof.answer, trustRoot.auditors);
      verifyOther(proof.answer.message, key, proof.log, trustRoot);
      const finding = `The auditor answered epoch ${proof.answer.message.epoch} with a statement that its log does not have.`;
      return { kind: proof.kind, culprit: 'auditor', finding };
    }
  }
}

type Case<Kind> = Extract<FraudProof, { kind: Kind }>;

function verifyConflict(proof: Case<'conflicting-checkpoints'>, root: TrustRoot): FraudFinding {
  const { kind, prefix } = proof;
  const first = openLogCheckpoint(proof.first, root);
  const second = openLogCheckpoint(proof.second, root);
  if (first.size === second.size) {
    if (prefix !== undefined || equalBytes(first.root, second.root)) notFraud('the checkpoints agree');
    return { kind, culprit: 'log', finding: `The log signed two different trees of ${first.size} leaves.` };
  }
  if (prefix === undefined || first.size > second.size) return notFraud('nothing ties the two trees together');
  // The second tree commits to exactly one root of its first leaves. This one is it, and the log signed another.
  verifyConsistency({ size: first.size, root: prefix.root }, second, prefix.consistency);
  if (equalBytes(prefix.root, first.root)) notFraud('the checkpoints agree');
  const finding = `The log signed a tree of ${second.size} leaves that does not begin with the ${first.size} it had signed.`;
  return { kind, culprit: 'log', finding };
}

function verifyUnlogged({ kind, leaf, log }: Case<'unlogged-bundle'>, root: TrustRoot): FraudFinding {
  const signed = decodeLeaf(leaf);
  const { auditor, operator } = signed;
  const message = decodePlexiMessage(auditor.message);
  if (!root.auditors.some((key) => equalBytes(key, auditor.key)))
    throw new TransparencyError('bad-auditor-signature', 'not an auditor of the trust root');
  verifyPlexiSignature(auditor.message, auditor.key, auditor.signature);
  const { epoch } = message;
  if (!('checkpoint' in log)) {
    verifyOther(message, auditor.key, log, root);
    return { kind, culprit: 'auditor', finding: `The auditor signed an epoch ${epoch} other than the one it logged.` };
  }
  verifyOwn(message, auditor.key, root);
  // An auditor signs first and logs what the operator has counter-signed. Without that it has to wait, and with it nobody
  // else can tell which of the two kept the leaf to itself: an operator alone must not be able to accuse its auditor.
  if (!root.operators.some((key) => equalBytes(key, operator.key)))
    throw new TransparencyError('bad-operator-signature', 'not an operator of the trust root');
  verifyCountersignatures(countersignedBy(signed), operator.key, operator.signatures);
  verifyKeyInForce(root, operator.key, epoch);
  const { checkpoint, cosignedMs } = openCheckpoint(log.checkpoint, root.policy);
  const seenMs = quorumNewest(root.policy, cosignedMs);
  if (seenMs === undefined) throw new TransparencyError('no-witness-quorum', 'too few witnesses cosigned');
  if (checkpoint.origin !== root.origin || checkpoint.size >= epoch) notFraud('the log is long enough');
  if (seenMs - message.timestampMs < loggingDelayMsMax) notFraud('the log may still come to it');
  const finding = `Auditor and operator signed epoch ${epoch}, and one of them kept it out of the log.`;
  return { kind, culprit: 'auditor or operator', finding };
}

/** The log has something else in the place of this message. */
function verifyOther(message: PlexiMessage, key: Uint8Array, log: LoggedLeaf, root: TrustRoot): void {
  verifyOwn(message, key, root);
  const { index, hashes, checkpoint } = decodeProofFile(log.proof);
  verifyInclusion(index, leafHash(log.leaf), hashes, openLogCheckpoint(checkpoint, root));
  if (index !== message.epoch - 1) notFraud('another place of the log');
  const logged = loggedMessage(log.leaf);
  // Both suites may sign the same statement.
  const spelt = { ...message, suite: 1 } as const;
  if (logged !== undefined && equalBytes(logged, encodePlexiMessage(spelt))) notFraud('it is in the log');
}

/** A statement of this namespace by a key that was in force; what a thief signs later accuses nobody. */
function verifyOwn(message: PlexiMessage, key: Uint8Array, root: TrustRoot): void {
  if (message.namespace !== root.namespace) notFraud('another namespace');
  verifyKeyInForce(root, key, message.epoch);
}

/** The auditor's message in an entry, or undefined for an entry that is no leaf at all. */
function loggedMessage(leaf: Uint8Array): Uint8Array | undefined {
  try {
    return decodeLeaf(leaf).auditor.message;
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
}

function openLogCheckpoint(bytes: Uint8Array, root: TrustRoot): Checkpoint {
  const note = decodeNote(bytes);
  const checkpoint = decodeCheckpoint(note.text);
  for (const { key } of verifyLogSignature(note, checkpoint.origin, root.policy.logs))
    verifyKeyInForce(root, key, checkpoint.size);
  return checkpoint;
}

function notFraud(what: string): never {
  throw new TransparencyError('not-fraud', what);
}
