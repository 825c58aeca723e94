import { equalBytes, zero } from '@coffer/base';
import { gcm } from '@noble/ciphers/aes.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import sodium from 'libsodium-wrappers-sumo';
import { composeHmac } from '../hmac.js';
import type { Primitives } from '../primitives.js';
import { mlKem768KeyPair } from './ml-kem.js';

await sodium.ready;

/** What this file needs of noble's hashes. */
interface NobleHash {
  (message: Uint8Array): Uint8Array;
  create(): { update(message: Uint8Array): unknown; digest(): Uint8Array };
}

function digest(hash: NobleHash, parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return hash(parts[0] as Uint8Array);
  const state = hash.create();
  for (const part of parts) state.update(part);
  return state.digest();
}

/** [S]B - [h]A, encoded, or undefined when A is outside the prime-order subgroup. */
function recomputedR(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  const digestBytes = digest(sha512, [signature.subarray(0, 32), publicKey, message]);
  try {
    const h = sodium.crypto_core_ed25519_scalar_reduce(digestBytes);
    const sB = sodium.crypto_scalarmult_ed25519_base_noclamp(signature.subarray(32));
    return sodium.crypto_core_ed25519_sub(sB, sodium.crypto_scalarmult_ed25519_noclamp(h, publicKey));
  } catch {
    return undefined;
  }
}

/** Primitives without Node: libsodium's WASM for curves, noble for hashes and AES-GCM. */
export const primitives: Primitives = {
  name: 'portable',
  sha256: (parts) => digest(sha256, parts),
  sha512: (parts) => digest(sha512, parts),
  hmac: (name, key, parts) => composeHmac(name, primitives[name], key, parts),
  aes256gcmSeal: (key, nonce, aad, plaintext) => gcm(key, nonce, aad).encrypt(plaintext),
  aes256gcmOpen(key, nonce, aad, sealed) {
    try {
      return gcm(key, nonce, aad).decrypt(sealed);
    } catch {
      return undefined;
    }
  },
  ed25519PublicKey(seed) {
    const pair = sodium.crypto_sign_seed_keypair(seed);
    zero(pair.privateKey);
    return pair.publicKey;
  },
  ed25519Sign(seed, message) {
    const pair = sodium.crypto_sign_seed_keypair(seed);
    const signature = sodium.crypto_sign_detached(message, pair.privateKey);
    zero(pair.privateKey);
    return signature;
  },
  ed25519Verify(publicKey, message, signature) {
    const r = recomputedR(publicKey, message, signature);
    return r !== undefined && equalBytes(r, signature.subarray(0, 32));
  },
  x25519PublicKey: (secret) => sodium.crypto_scalarmult_base(secret),
  x25519(secret, publicKey) {
    try {
      return sodium.crypto_scalarmult(secret, publicKey);
    } catch {
      return undefined;
    }
  },
  mlKem768KeyPair,
};
