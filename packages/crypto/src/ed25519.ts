import { primitives } from '#primitives';
import { hasCanonicalParts } from './ed25519-rules.js';
import { requireLength } from './errors.js';

/** Bytes of an Ed25519 public key. */
export const ed25519PublicKeyBytes = 32;
/** Bytes of an Ed25519 seed (the private key of RFC 8032). */
export const ed25519SeedBytes = 32;
/** Bytes of an Ed25519 signature. */
export const ed25519SignatureBytes = 64;

/** Public key of a 32-byte seed (RFC 8032 §5.1.5); 32 bytes. @throws CryptoError `bad-length`. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  requireLength(seed, ed25519SeedBytes, 'Ed25519 seed');
  return primitives.ed25519PublicKey(seed);
}

/**
 * Deterministic signature (RFC 8032 §5.1.6); 64 bytes. Node keeps the few most recent keys imported, so zeroing `seed`
 * afterwards does not remove the key from the process. @throws CryptoError `bad-length` unless `seed` is 32 bytes.
 */
export function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  requireLength(seed, ed25519SeedBytes, 'Ed25519 seed');
  return primitives.ed25519Sign(seed, message);
}

/**
 * Whether `signature` is one of `publicKey` over `message`; false on any malformed input, and never throws.
 *
 * Stricter than RFC 8032 where verifiers disagree, so that every runtime gives the same answer: S < L, canonical
 * encodings, R without small order, a public key in the prime-order subgroup, and the equation without cofactor.
 */
export function isEd25519Signature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === ed25519PublicKeyBytes &&
    signature.length === ed25519SignatureBytes &&
    hasCanonicalParts(publicKey, signature) &&
    primitives.ed25519Verify(publicKey, message, signature)
  );
}
