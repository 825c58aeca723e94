import { CodedError } from '@coffer/base';

/** The set as a whole. */
type SetCode =
  /** No index of this digest, or bytes of another digest. */
  | 'missing-index'
  | 'changed-index'
  | 'bad-index'
  /** Evidence of another fleet than the one that was asked about. */
  | 'other-fleet'
  /** A file that the index names and that is not there, or has another size or digest. */
  | 'missing-file'
  | 'changed-file'
  /** An item that every set has, and one that none has. */
  | 'missing-item'
  | 'unknown-item';

/** Envelopes and statements. */
type StatementCode =
  | 'bad-statement'
  /** Signed by a key that has no such role. */
  | 'unknown-role'
  | 'bad-signature'
  /** About another fleet, of another kind, or about another member than the index says. */
  | 'other-subject'
  | 'wrong-kind'
  | 'wrong-name';

type ConfigurationCode =
  | 'bad-descriptor'
  | 'quorum-below-floor'
  | 'duplicate-site'
  | 'duplicate-key'
  | 'config-mismatch';

type MemberCode =
  | 'bad-description'
  | 'bad-acceptance'
  | 'bad-attestation'
  /** The statement says something else of the HSM than the HSM itself. */
  | 'member-mismatch'
  | 'key-mismatch'
  | 'image-mismatch'
  | 'nonce-mismatch'
  /** It took part in the birth of another list. */
  | 'other-birth'
  | 'extractable-key'
  | 'unknown-quote'
  | 'bad-quote'
  | 'quote-mismatch'
  /** The descriptor's keys and those of the members. */
  | 'missing-member'
  | 'extra-key'
  | 'duplicate-serial';

type ImageCode = 'source-mismatch' | 'rebuilds-disagree' | 'too-few-rebuilders' | 'rebuilder-twice';

type CeremonyCode =
  | 'bad-ceremony'
  | 'broken-chain'
  | 'wrong-order'
  | 'time-reversed'
  | 'role-missing'
  | 'too-few-witnesses'
  | 'plan-mismatch'
  /** A step tells another story than the item about the same thing. */
  | 'ceremony-mismatch';

type SelfTestCode =
  | 'bad-transcript'
  | 'self-test-mismatch'
  /** No majority stands behind a reply, or it does not open. */
  | 'self-test-unproven'
  | 'self-test-unreadable'
  | 'self-test-other-leader'
  /** The HSM under test has not signed for an answer itself. */
  | 'self-test-unsigned'
  | 'self-test-not-exhausted'
  | 'self-test-not-refused';

/** `not-checked`: what it rests on has failed. */
export type EvidenceErrorCode =
  | SetCode
  | StatementCode
  | ConfigurationCode
  | MemberCode
  | ImageCode
  | CeremonyCode
  | SelfTestCode
  | 'media-mismatch'
  | 'not-checked';

/** Evidence that does not hold. The message is for people and holds nothing of the evidence but verified names. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {}

/** @throws EvidenceError */
export function fail(code: EvidenceErrorCode, message: string, cause?: unknown): never {
  throw new EvidenceError(code, message, cause === undefined ? undefined : { cause });
}
