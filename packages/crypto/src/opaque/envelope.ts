import { concat, equalBytes, utf8, zero } from '@coffer/base';
import { CryptoError } from '../errors.js';
import { hkdfExpand, hkdfExtract, hmacSha512 } from '../hashes.js';
import { cleartextCredentials, type OpaqueIdentities } from './identities.js';
import { deriveDhKeyPair } from './key-pair.js';
import { hashBytes, nonceBytes, seedBytes } from './sizes.js';

const none = new Uint8Array(0);
const authKeyLabel = utf8('AuthKey');
const exportKeyLabel = utf8('ExportKey');
const privateKeyLabel = utf8('PrivateKey');
const maskingKeyLabel = utf8('MaskingKey');

/**
 * Key stretching function: an OPRF output of 64 bytes in, any number of bytes out. Argon2id in the field, the
 * identity in RFC 9807's vectors.
 */
export type KeyStretching = (input: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** Extract("", oprf_output ‖ Stretch(oprf_output)) (RFC 9807 §5.2.3, §6.3.2.3). Overwrites `oprfOutput`. */
export async function randomizedPassword(oprfOutput: Uint8Array, ksf: KeyStretching): Promise<Uint8Array> {
  const stretched = await ksf(oprfOutput);
  const input = concat(oprfOutput, stretched);
  const password = hkdfExtract('sha512', none, input);
  zero(oprfOutput, input);
  return password;
}

/** The key that pads the credential response (RFC 9807 §4.1.2); the server keeps it in the record. */
export function maskingKey(password: Uint8Array): Uint8Array {
  return hkdfExpand('sha512', password, maskingKeyLabel, hashBytes);
}

/** Everything that a randomized password and an envelope nonce determine (RFC 9807 §4.1.2). */
export interface EnvelopeKeys {
  readonly authKey: Uint8Array;
  readonly exportKey: Uint8Array;
  readonly clientPrivateKey: Uint8Array;
  readonly clientPublicKey: Uint8Array;
}

/** Derives {@link EnvelopeKeys}; `password` is the randomized one. */
export function envelopeKeys(password: Uint8Array, nonce: Uint8Array): EnvelopeKeys {
  const seed = hkdfExpand('sha512', password, concat(nonce, privateKeyLabel), seedBytes);
  const pair = deriveDhKeyPair(seed);
  zero(seed);
  return {
    authKey: hkdfExpand('sha512', password, concat(nonce, authKeyLabel), hashBytes),
    exportKey: hkdfExpand('sha512', password, concat(nonce, exportKeyLabel), hashBytes),
    clientPrivateKey: pair.privateKey,
    clientPublicKey: pair.publicKey,
  };
}

function authTag(keys: EnvelopeKeys, nonce: Uint8Array, serverPublicKey: Uint8Array, identities: OpaqueIdentities) {
  return hmacSha512(keys.authKey, nonce, cleartextCredentials(serverPublicKey, keys.clientPublicKey, identities));
}

/** Store (RFC 9807 §4.1.2) without the masking key: the 96-byte envelope, nonce ‖ tag. */
export function sealEnvelope(
  keys: EnvelopeKeys,
  nonce: Uint8Array,
  serverPublicKey: Uint8Array,
  identities: OpaqueIdentities,
): Uint8Array {
  return concat(nonce, authTag(keys, nonce, serverPublicKey, identities));
}

/**
 * Recover (RFC 9807 §4.1.3).
 * @throws CryptoError `wrong-password` when the tag does not verify: a wrong password, another server key or identity.
 */
export function openEnvelope(
  password: Uint8Array,
  envelope: Uint8Array,
  serverPublicKey: Uint8Array,
  identities: OpaqueIdentities,
): EnvelopeKeys {
  const nonce = envelope.subarray(0, nonceBytes);
  const keys = envelopeKeys(password, nonce);
  if (!equalBytes(authTag(keys, nonce, serverPublicKey, identities), envelope.subarray(nonceBytes))) {
    zero(keys.authKey, keys.exportKey, keys.clientPrivateKey);
    throw new CryptoError('wrong-password', 'envelope does not verify');
  }
  return keys;
}
