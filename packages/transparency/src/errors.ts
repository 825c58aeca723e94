import { CodedError } from '@coffer/base';

/** Forms: bytes that are not an encoding of what was expected. */
type FormCode =
  | 'bad-note'
  | 'bad-key'
  | 'bad-checkpoint'
  | 'bad-policy'
  | 'bad-proof-file'
  | 'bad-request'
  | 'bad-tile'
  | 'bad-plexi'
  | 'bad-artifact'
  | 'bad-leaf'
  | 'bad-bundle'
  | 'bad-trust-root'
  | 'bad-client-trust'
  | 'bad-fraud-proof';

/** Rows of the table in docs/spec/transparency.md §8: why a client did not accept a bundle. */
type BundleCode =
  | 'wrong-namespace'
  | 'wrong-origin'
  | 'trust-root-version'
  | 'bad-digest'
  | 'wrong-evidence'
  | 'contradictory-leaf'
  | 'bad-auditor-signature'
  | 'bad-operator-signature'
  | 'not-included'
  | 'bad-log-signature'
  | 'bad-cosignature'
  | 'unknown-signature'
  | 'no-witness-quorum'
  | 'not-latest-leaf'
  | 'stale'
  | 'rollback'
  | 'inconsistent'
  | 'epoch-went-down'
  | 'wrong-epoch'
  | 'immature'
  | 'expired'
  | 'key-revoked'
  | 'wrong-fleet'
  | 'wrong-group'
  | 'fleet-not-serving'
  | 'fleet-revoked';

/** Rules between one artifact, or one trust root, and the next. */
type SuccessionCode =
  | 'epoch-not-next'
  | 'wrong-previous'
  | 'fleet-returned'
  | 'version-not-next'
  | 'below-threshold'
  | 'revocation-undone'
  | 'other-log';

/** `not-fraud`: a fraud proof that shows nothing wrong. */
export type TransparencyErrorCode = FormCode | BundleCode | SuccessionCode | 'not-fraud';

/** Something published does not hold. Nothing has changed when it is thrown, and it never holds bytes from outside. */
export class TransparencyError extends CodedError<TransparencyErrorCode> {}
