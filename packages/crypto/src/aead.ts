import { primitives } from '#primitives';
import { CryptoError, requireLength } from './errors.js';

/** Bytes of an AES-256 key. */
export const aeadKeyBytes = 32;
/** Bytes of a GCM nonce. */
export const aeadNonceBytes = 12;
/** Bytes of a GCM tag, which every sealed message ends with. */
export const aeadTagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D). The caller never uses one nonce twice under one key: two messages under the same
 * nonce give away the authentication key.
 * @param key - 32 bytes. @param nonce - 12 bytes.
 * @returns ciphertext ‖ 16-byte tag. @throws CryptoError `bad-length`.
 */
export function aes256gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  requireLength(key, aeadKeyBytes, 'AES-256 key');
  requireLength(nonce, aeadNonceBytes, 'GCM nonce');
  return primitives.aes256gcmSeal(key, nonce, aad, plaintext);
}

/**
 * Opens what {@link aes256gcmSeal} made.
 * @throws CryptoError `open-failed` when key, nonce, associated data or message differ; `bad-length` for key and nonce.
 */
export function aes256gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  requireLength(key, aeadKeyBytes, 'AES-256 key');
  requireLength(nonce, aeadNonceBytes, 'GCM nonce');
  const plaintext = sealed.length < aeadTagBytes ? undefined : primitives.aes256gcmOpen(key, nonce, aad, sealed);
  if (plaintext === undefined) throw new CryptoError('open-failed', 'sealed message does not open');
  return plaintext;
}
