import { concat, equalBytes } from '@coffer/base';
import type { Primitives } from '@coffer/crypto';
import { bytesOf, multiply, numberOf, reduce } from './ideal-field.js';
import { digest, purpose, stream } from './ideal-hash.js';
import { mlKem768KeyPair } from './ml-kem.js';

const toMac = { sha256: purpose('hmac-sha256'), sha512: purpose('hmac-sha512') } as const;
const toStream = purpose('aead stream');
const toTag = purpose('aead tag');
const toVerifying = purpose('public key');
const toSignature = purpose('signature');

const tagBytes = 16;
/** The base point of Diffie–Hellman, any number but 0. */
const base = 9n;

/** HMAC takes its parts for one message. */
const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts);

/**
 * HMAC-SHA-256 is the real one for keys and messages of this length: keys of records are made so. They are the paths of the tree, whose proofs have
 * other lengths for other keys; a frame that is cut or changed somewhere in its middle would then break elsewhere than with real primitives.
 */
const realMacBytes = 32;

function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const [inner, outer] = [new Uint8Array(64).fill(0x36), new Uint8Array(64).fill(0x5c)];
  for (let i = 0; i < realMacBytes; i++) {
    inner[i] = (key[i] as number) ^ 0x36;
    outer[i] = (key[i] as number) ^ 0x5c;
  }
  return digest(32, [outer, digest(32, [inner, message])]);
}

const lengthOf = (bytes: Uint8Array): Uint8Array => Uint8Array.of(bytes.length >> 16, bytes.length >> 8, bytes.length);

function xor(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const out = stream(toStream(32, key, nonce), bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = (out[i] as number) ^ (bytes[i] as number);
  return out;
}

const tagOf = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array =>
  toTag(32, key, nonce, lengthOf(aad), aad, sealed).subarray(0, tagBytes);

/** A signature in canonical form (RFC 8032): R below 2^254, S below 2^252. Anybody can make it who knows the public key. */
function signatureOf(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const signature = toSignature(64, publicKey, message);
  signature[31] = (signature[31] as number) & 0x3f;
  signature[63] = (signature[63] as number) & 0x0f;
  return signature;
}

function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const key = toVerifying(32, seed);
  key[31] = (key[31] as number) & 0x3f;
  return key;
}

/**
 * The primitives of `@coffer/crypto` as their ideal selves: what opens, verifies or agrees with the right key does, and
 * what was changed does not; lengths are the real ones. **Nothing here keeps a secret.** Who only ever calls the package's functions (as
 * all of Coffer does, and every attacker of the simulator) cannot tell; who does arithmetic of their own could
 * forge everything. SHA-256 and SHA-512 are the real ones; HMAC is another hash of key and message, but for those of records. Stands for `#primitives` in campaigns (`register.ts`).
 */
export const primitives: Omit<Primitives, 'name'> & { readonly name: 'ideal' } = {
  name: 'ideal',
  sha256: (parts) => digest(32, parts),
  sha512: (parts) => digest(64, parts),
  hmac(name, key, parts) {
    const message = joined(parts);
    if (name === 'sha256' && key.length === realMacBytes && message.length === realMacBytes)
      return hmacSha256(key, message);
    return toMac[name](name === 'sha256' ? 32 : 64, key, message);
  },
  aes256gcmSeal(key, nonce, aad, plaintext) {
    const sealed = xor(key, nonce, plaintext);
    return concat(sealed, tagOf(key, nonce, aad, sealed));
  },
  aes256gcmOpen(key, nonce, aad, sealed) {
    const body = sealed.subarray(0, sealed.length - tagBytes);
    const isWhole = equalBytes(tagOf(key, nonce, aad, body), sealed.subarray(body.length));
    return isWhole ? xor(key, nonce, body) : undefined;
  },
  ed25519PublicKey,
  ed25519Sign: (seed, message) => signatureOf(ed25519PublicKey(seed), message),
  ed25519Verify: (publicKey, message, signature) => equalBytes(signatureOf(publicKey, message), signature),
  x25519PublicKey: (secret) => bytesOf(multiply(reduce(numberOf(secret)), base)),
  x25519(secret, publicKey) {
    const shared = multiply(reduce(numberOf(secret)), reduce(numberOf(publicKey)));
    return shared === 0n ? undefined : bytesOf(shared);
  },
  mlKem768KeyPair,
};
