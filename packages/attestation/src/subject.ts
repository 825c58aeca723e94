import { concat, equalBytes, invariant, lengthPrefixed, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { AttestationError } from './errors.js';

/** Public keys that one quote binds, at most. */
export const subjectKeysMax = 8;

/** What a quote has to speak of. */
export interface QuoteSubject {
  /** Public keys that were made inside: the identity first. In this order. */
  readonly keys: readonly Uint8Array[];
  /** 32-byte SHA-256 of the HSM image. */
  readonly image: Uint8Array;
  /** 32-byte SHA-256 of the configuration. */
  readonly config: Uint8Array;
  /** 32 bytes that the ceremony has drawn: an old quote fits no new ceremony. */
  readonly nonce: Uint8Array;
}

/**
 * SHA-256(`"coffer/quote/v1" ‖ count u8 ‖ lp(key) … ‖ image ‖ config ‖ nonce`): what a quoting device is asked to sign over,
 * 32 bytes. Lengths are in it, so that no other split into keys gives the same.
 */
export function subjectDigest({ keys, image, config, nonce }: QuoteSubject): Uint8Array {
  invariant(keys.length >= 1 && keys.length <= subjectKeysMax, 'a quote binds 1 to 8 keys');
  invariant(
    [image, config, nonce].every(({ length }) => length === 32),
    'image, config and nonce have 32 bytes',
  );
  return sha256(label, Uint8Array.of(keys.length), concat(...keys.map(lengthPrefixed)), image, config, nonce);
}

/** @throws AttestationError `wrong-subject` unless `bound` is the digest of `subject`. */
export function verifySubject(bound: Uint8Array, subject: QuoteSubject): QuoteSubject {
  if (equalBytes(bound, subjectDigest(subject))) return subject;
  throw new AttestationError('wrong-subject', 'the quote binds other keys, another image, configuration or nonce');
}

const label = utf8('coffer/quote/v1');
