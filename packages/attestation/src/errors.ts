import { CodedError } from '@coffer/base';

/**
 * Why a quote is not believed. Of any type: `malformed` does not decode · `unknown-type` no verifier for it ·
 * `bad-signature` · `wrong-subject` binds other keys, another image, configuration or nonce.
 *
 * Of a TPM: `not-a-quote` a signed structure of another kind · `wrong-key` the signer is no restricted signing key that
 * stays in its TPM · `bad-certificate` a certificate does not decode, or has an extension or algorithm that is not known ·
 * `untrusted` the chain does not lead to a pinned root · `not-valid-then` a certificate did not hold at the given time ·
 * `wrong-pcr-digest` the PCR values are not those that were quoted · `wrong-pcr` they are, and are not what they should be.
 */
export type AttestationErrorCode =
  | 'malformed'
  | 'unknown-type'
  | 'bad-signature'
  | 'wrong-subject'
  | 'not-a-quote'
  | 'wrong-key'
  | 'bad-certificate'
  | 'untrusted'
  | 'not-valid-then'
  | 'wrong-pcr-digest'
  | 'wrong-pcr';

/** What this package throws. Nothing of a quote is in the message. */
export class AttestationError extends CodedError<AttestationErrorCode> {}
