import * as nodeCrypto from 'node:crypto';
import { concat, fromHex, zero } from '@coffer/base';
import { mlKem768KeyPair as portableKeyPair } from '../portable/ml-kem.js';
import type { MlKemKeyPair } from '../primitives.js';

/** PKCS #8 of an ML-KEM-768 seed (RFC 9935 §6, the seed alternative). */
const seedPrefix = fromHex('3054020100300b0609608648016503040402044280' + '40');

/** In Node from 24.7, and not in the types of the oldest Node that Coffer supports. */
type Decapsulate = (key: nodeCrypto.KeyObject, ciphertext: Uint8Array) => Buffer;
const decapsulate = (nodeCrypto as { decapsulate?: Decapsulate }).decapsulate;

/** Whether this Node decapsulates natively. */
export const hasNativeMlKem = decapsulate !== undefined && canImport();

function importSeed(seed: Uint8Array): nodeCrypto.KeyObject {
  const der = concat(seedPrefix, seed);
  try {
    return nodeCrypto.createPrivateKey({
      key: Buffer.from(der.buffer),
      format: 'der',
      type: 'pkcs8',
    });
  } finally {
    zero(der);
  }
}

/** Node may be linked against an OpenSSL without ML-KEM. */
function canImport(): boolean {
  try {
    importSeed(new Uint8Array(64));
    return true;
  } catch {
    return false;
  }
}

/** ML-KEM-768 with OpenSSL's decapsulation where this Node has it; the key is expanded by the portable code. */
export function mlKem768KeyPair(seed: Uint8Array): MlKemKeyPair {
  const portable = portableKeyPair(seed);
  if (decapsulate === undefined || !hasNativeMlKem) return portable;
  const key = importSeed(seed);
  portable.destroy();
  return {
    publicKey: portable.publicKey,
    decapsulate: (ciphertext) => new Uint8Array(decapsulate(key, ciphertext)),
    // The key object's memory belongs to OpenSSL, which clears it when the object is collected.
    destroy() {},
  };
}
