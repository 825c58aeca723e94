import { CodedError } from '@coffer/base';

/** Codes of {@link CryptoError}. */
export type CryptoErrorCode =
  | 'open-failed'
  | 'bad-element'
  | 'bad-scalar'
  | 'bad-key'
  | 'bad-length'
  | 'bad-parameters'
  | 'message-limit'
  | 'wrong-password';

/**
 * Thrown by everything in this package that gets bytes it cannot accept.
 *
 * `open-failed`: a sealed message, or its associated data, is not what was sealed under this key. `bad-element` and
 * `bad-scalar`: not a canonical, non-identity group element, or not a canonical non-zero scalar. `bad-key`: a key of
 * the right length that no honest party has. `bad-length`: the wrong number of bytes. `bad-parameters`: costs out of
 * range. `message-limit`: a channel has used up its nonces. `wrong-password`: OPAQUE's envelope or server MAC does not
 * verify, which a wrong server key causes as well.
 */
export class CryptoError extends CodedError<CryptoErrorCode> {}

/** @throws CryptoError `bad-length` unless `bytes` is exactly `length` long. `what` names the argument. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new CryptoError('bad-length', `${what} must be ${length} bytes`);
}
