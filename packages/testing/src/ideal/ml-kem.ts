import { equalBytes } from '@coffer/base';
import type { MlKemKeyPair } from '@coffer/crypto';
import { purpose, stream } from './ideal-hash.js';

const toPublic = purpose('kem public key');
const toMask = purpose('kem mask');
const toSecret = purpose('kem secret');
const toTag = purpose('kem tag');
const toRejected = purpose('kem rejected');

const publicKeyBytes = 1184;
const ciphertextBytes = 1088;

function ciphertextOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const ciphertext = new Uint8Array(ciphertextBytes);
  const mask = toMask(32, publicKey);
  for (let i = 0; i < 32; i++) ciphertext[i] = (message[i] as number) ^ (mask[i] as number);
  // The rest stays zero, and is compared like everything.
  ciphertext.set(toTag(64, publicKey, message), 32);
  return ciphertext;
}

/** A key pair whose ciphertexts carry their message under a mask that everybody can compute; a changed one gives another secret. */
export function mlKem768KeyPair(seed: Uint8Array): MlKemKeyPair {
  const publicKey = stream(toPublic(32, seed), publicKeyBytes);
  const own = seed.slice();
  let isDestroyed = false;
  const mask = toMask(32, publicKey);
  return {
    publicKey,
    decapsulate(ciphertext) {
      const message = ciphertext.slice(0, 32);
      for (let i = 0; i < 32; i++) message[i] = (message[i] as number) ^ (mask[i] as number);
      return !isDestroyed && equalBytes(ciphertext, ciphertextOf(publicKey, message))
        ? toSecret(32, publicKey, message)
        : toRejected(32, own, ciphertext);
    },
    destroy() {
      own.fill(0);
      isDestroyed = true;
    },
  };
}

/** Stands for noble's object of this name where `@coffer/crypto` encapsulates. */
export const ml_kem768 = {
  encapsulate(publicKey: Uint8Array, message: Uint8Array) {
    if (publicKey.length !== publicKeyBytes) throw new RangeError('not a public key');
    return { cipherText: ciphertextOf(publicKey, message), sharedSecret: toSecret(32, publicKey, message) };
  },
};
