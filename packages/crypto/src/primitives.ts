import type { HashName } from './hmac.js';

/** One ML-KEM-768 key pair (FIPS 203), expanded once and used many times. */
export interface MlKemKeyPair {
  /** 1,184 bytes. */
  readonly publicKey: Uint8Array;
  /** @returns the 32-byte shared secret of a 1,088-byte ciphertext; a pseudorandom one when it was tampered with. */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  /** Overwrites what can be overwritten. The pair must not be used afterwards. */
  destroy(): void;
}

/**
 * What differs between runtimes: the fast primitives of `node:crypto`, or portable ones (noble and libsodium as WASM)
 * for browsers. `#primitives` in package.json picks one; the same vectors run against both, and tests compare them
 * with each other on random input. Lengths are checked by the callers in this package, never here.
 */
export interface Primitives {
  readonly name: 'node' | 'portable';
  /** SHA-256 of the concatenation of `parts`. */
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** SHA-512 of the concatenation of `parts`. */
  sha512(parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC of the concatenation of `parts`. */
  hmac(hash: HashName, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array;
  /** AES-256-GCM: ciphertext ‖ 16-byte tag. */
  aes256gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @returns the plaintext, or undefined when the tag does not verify. `sealed` is at least 16 bytes. */
  aes256gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** Public key of a 32-byte seed (RFC 8032 §5.1.5). */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** 64-byte signature (RFC 8032 §5.1.6). */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /**
   * The cofactorless equation, with `publicKey` in the prime-order subgroup. The caller has checked lengths and
   * `hasCanonicalParts` of ed25519-rules.ts; both implementations then accept exactly the same signatures.
   */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** X25519 public key of a 32-byte secret (RFC 7748 §5). */
  x25519PublicKey(secret: Uint8Array): Uint8Array;
  /** @returns the 32-byte shared secret, or undefined when it is all zero (a point of small order). */
  x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  /** ML-KEM-768 key pair of the 64-byte seed d ‖ z (FIPS 203 §7.1). */
  mlKem768KeyPair(seed: Uint8Array): MlKemKeyPair;
}
