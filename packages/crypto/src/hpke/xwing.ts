import { concat, utf8, zero } from '@coffer/base';
import { sha3_256, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { primitives } from '#primitives';
import { CryptoError, requireLength } from '../errors.js';
import type { MlKemKeyPair } from '../primitives.js';

/** Bytes of an X-Wing seed, which is the private key in storage. */
export const xwingSeedBytes = 32;
/** Bytes of an X-Wing public key: ML-KEM-768's 1,184 and X25519's 32. */
export const xwingPublicKeyBytes = 1216;
/** Bytes of an X-Wing encapsulation: ML-KEM-768's 1,088 and X25519's 32. */
export const xwingCiphertextBytes = 1120;
/** Bytes of randomness that one encapsulation takes: ML-KEM's message, then the ephemeral X25519 secret. */
export const xwingEncapsulationSeedBytes = 64;

const mlKemPublicKeyBytes = 1184;
const mlKemCiphertextBytes = 1088;
/** XWingLabel (draft-connolly-cfrg-xwing-kem §5.3). */
const label = utf8('\\.//^\\');

/** An expanded X-Wing private key; decapsulates any number of times. */
export interface XWingSecretKey {
  /** The seed, the caller's own copy; `destroy` overwrites it. */
  readonly seed: Uint8Array;
  /** 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** ML-KEM-768's half. */
  readonly mlKem: MlKemKeyPair;
  /** X25519's half, 32 bytes. */
  readonly x25519Secret: Uint8Array;
  /** Overwrites seed and halves. Libraries may hold copies that JavaScript cannot reach. */
  destroy(): void;
}

/** Key pair of a 32-byte seed (draft-connolly-cfrg-xwing-kem §5.2). @throws CryptoError `bad-length`. */
export function xwingKeyPair(seed: Uint8Array): {
  publicKey: Uint8Array;
  secretKey: XWingSecretKey;
} {
  requireLength(seed, xwingSeedBytes, 'X-Wing seed');
  const expanded = shake256(seed, { dkLen: 96 });
  const mlKem = primitives.mlKem768KeyPair(expanded.subarray(0, 64));
  const x25519Secret = expanded.slice(64);
  zero(expanded);
  const publicKey = concat(mlKem.publicKey, primitives.x25519PublicKey(x25519Secret));
  const ownSeed = seed.slice();
  const destroy = (): void => {
    zero(ownSeed, x25519Secret);
    mlKem.destroy();
  };
  return {
    publicKey,
    secretKey: { seed: ownSeed, publicKey, mlKem, x25519Secret, destroy },
  };
}

/** Combiner (§5.3): SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label). Overwrites the two secrets. */
function combine(mlKemSecret: Uint8Array, dhSecret: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array) {
  const input = concat(mlKemSecret, dhSecret, ephemeral, recipient, label);
  const secret = sha3_256(input);
  zero(input, mlKemSecret, dhSecret);
  return secret;
}

function mlKemEncapsulate(publicKey: Uint8Array, message: Uint8Array) {
  try {
    return ml_kem768.encapsulate(publicKey, message);
  } catch (cause) {
    throw new CryptoError('bad-key', 'not an ML-KEM-768 public key', { cause });
  }
}

function dh(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const shared = primitives.x25519(secret, publicKey);
  if (shared === undefined) throw new CryptoError('bad-key', 'X25519 point of small order');
  return shared;
}

/**
 * Encapsulates to `publicKey` (§5.4, derandomized as in §5.4.1).
 *
 * X25519 points of small order are refused, which the draft leaves open: no honest party has one.
 * @param seed - 64 bytes of fresh entropy.
 * @throws CryptoError `bad-length`; `bad-key` when the key is not one.
 */
export function xwingEncapsulate(
  publicKey: Uint8Array,
  seed: Uint8Array,
): { ciphertext: Uint8Array; sharedSecret: Uint8Array } {
  requireLength(publicKey, xwingPublicKeyBytes, 'X-Wing public key');
  requireLength(seed, xwingEncapsulationSeedBytes, 'X-Wing encapsulation seed');
  const recipient = publicKey.subarray(mlKemPublicKeyBytes);
  const inner = mlKemEncapsulate(publicKey.subarray(0, mlKemPublicKeyBytes), seed.subarray(0, 32));
  const secret = seed.slice(32);
  const ephemeral = primitives.x25519PublicKey(secret);
  const shared = dh(secret, recipient);
  zero(secret);
  return {
    ciphertext: concat(inner.cipherText, ephemeral),
    sharedSecret: combine(inner.sharedSecret, shared, ephemeral, recipient),
  };
}

/**
 * Shared secret of `ciphertext` (§5.5). A tampered ML-KEM part gives a different secret and not an error.
 * @throws CryptoError `bad-length`; `bad-key` for an ephemeral point of small order.
 */
export function xwingDecapsulate(secretKey: XWingSecretKey, ciphertext: Uint8Array): Uint8Array {
  requireLength(ciphertext, xwingCiphertextBytes, 'X-Wing encapsulation');
  const ephemeral = ciphertext.subarray(mlKemCiphertextBytes);
  const shared = dh(secretKey.x25519Secret, ephemeral);
  const inner = secretKey.mlKem.decapsulate(ciphertext.subarray(0, mlKemCiphertextBytes));
  return combine(inner, shared, ephemeral, secretKey.publicKey.subarray(mlKemPublicKeyBytes));
}
