import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { concat } from '@coffer/base';
import { composeHmac } from '../hmac.js';
import type { Primitives } from '../primitives.js';
import { ed25519PrivateKeys, ed25519PublicKeys, importX25519Public, x25519PrivateKeys } from './key-objects.js';
import { mlKem768KeyPair } from './ml-kem.js';

/** Up to here one copy and one one-shot call beat a hash object. */
const oneShotBytesMax = 4096;
const tagBytes = 16;

/** A Buffer's `slice` shares memory and its prototype breaks deep equality, so no Buffer leaves this file. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function digest(name: 'sha256' | 'sha512', parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return plain(hash(name, parts[0] as Uint8Array, 'buffer'));
  let length = 0;
  for (const part of parts) length += part.length;
  if (length <= oneShotBytesMax) return plain(hash(name, concat(...parts), 'buffer'));
  const state = createHash(name);
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

/** From Node 24 on, making a Hmac object costs more than hashing twice by hand; before, less (measured). */
const isHmacObjectFast = Number.parseInt(process.versions.node, 10) < 24;

/** The last 32 bytes of a DER SubjectPublicKeyInfo are the raw key. */
function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32));
}

/** Primitives over OpenSSL through `node:crypto`. */
export const primitives: Primitives = {
  name: 'node',
  sha256: (parts) => digest('sha256', parts),
  sha512: (parts) => digest('sha512', parts),
  hmac(name, key, parts) {
    if (!isHmacObjectFast) return composeHmac(name, primitives[name], key, parts);
    const state = createHmac(name, key);
    for (const part of parts) state.update(part);
    return plain(state.digest());
  },
  aes256gcmSeal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(aad);
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },
  aes256gcmOpen(key, nonce, aad, sealed) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const plaintext = plain(decipher.update(sealed.subarray(0, sealed.length - tagBytes)));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      return undefined;
    }
    return plaintext;
  },
  ed25519PublicKey: (seed) => rawPublicKey(ed25519PrivateKeys.get(seed)),
  ed25519Sign: (seed, message) => plain(sign(null, message, ed25519PrivateKeys.get(seed))),
  ed25519Verify(publicKey, message, signature) {
    const key = ed25519PublicKeys.get(publicKey);
    return key !== undefined && verify(null, message, key, signature);
  },
  x25519PublicKey: (secret) => rawPublicKey(x25519PrivateKeys.get(secret)),
  x25519(secret, publicKey) {
    try {
      return plain(
        diffieHellman({
          privateKey: x25519PrivateKeys.get(secret),
          publicKey: importX25519Public(publicKey),
        }),
      );
    } catch {
      return undefined;
    }
  },
  mlKem768KeyPair,
};
