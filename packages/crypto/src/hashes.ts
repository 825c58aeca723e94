import { zero } from '@coffer/base';
import { primitives } from '#primitives';
import { CryptoError } from './errors.js';
import type { HashName } from './hmac.js';

export type { HashName } from './hmac.js';

const hashBytes = { sha256: 32, sha512: 64 } as const;

/** SHA-256 of the concatenation of `parts`; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return primitives.sha256(parts);
}

/** SHA-512 of the concatenation of `parts`; 64 bytes. */
export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return primitives.sha512(parts);
}

/** HMAC-SHA-256 of the concatenation of `parts`; any key length; 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return primitives.hmac('sha256', key, parts);
}

/** HMAC-SHA-512 of the concatenation of `parts`; any key length; 64 bytes. */
export function hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return primitives.hmac('sha512', key, parts);
}

/** HKDF-Extract (RFC 5869 §2.2). An empty `salt` is the RFC's string of zeros. @returns a PRK of the hash's length. */
export function hkdfExtract(hash: HashName, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return primitives.hmac(hash, salt, [ikm]);
}

/**
 * HKDF-Expand (RFC 5869 §2.3).
 * @param lengthBytes - at most 255 times the hash's length.
 * @throws CryptoError `bad-length` outside of that range.
 */
export function hkdfExpand(hash: HashName, prk: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array {
  const blocks = Math.ceil(lengthBytes / hashBytes[hash]);
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || blocks > 255) {
    throw new CryptoError('bad-length', 'HKDF gives 0 to 255 blocks');
  }
  const okm = new Uint8Array(blocks * hashBytes[hash]);
  let previous: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < blocks; i++) {
    const block = primitives.hmac(hash, prk, [previous, info, Uint8Array.of(i + 1)]);
    okm.set(block, i * block.length);
    zero(previous);
    previous = block;
  }
  zero(previous);
  if (okm.length === lengthBytes) return okm;
  const out = okm.slice(0, lengthBytes);
  zero(okm);
  return out;
}

/** HKDF, extract and then expand (RFC 5869 §2). @throws CryptoError `bad-length` as {@link hkdfExpand}. */
export function hkdf(
  hash: HashName,
  salt: Uint8Array,
  ikm: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const prk = hkdfExtract(hash, salt, ikm);
  const okm = hkdfExpand(hash, prk, info, lengthBytes);
  zero(prk);
  return okm;
}
