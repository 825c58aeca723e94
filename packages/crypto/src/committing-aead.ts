import { concat, type Entropy, equalBytes, lengthPrefixed, utf8, zero } from '@coffer/base';
import { aeadKeyBytes, aeadNonceBytes, aeadTagBytes, aes256gcmOpen, aes256gcmSeal } from './aead.js';
import { CryptoError, requireLength } from './errors.js';
import { hkdf, sha256 } from './hashes.js';

const saltBytes = 32;
const commitmentBytes = 32;
const headerBytes = saltBytes + commitmentBytes;
const label = utf8('coffer/committing-aead/v1');
/** The AES key is fresh for every message, so its one nonce may be a constant. */
const onlyNonce = new Uint8Array(aeadNonceBytes);
/** The derived key already binds the associated data. */
const noAad = new Uint8Array(0);

/** How much longer than its plaintext a message of {@link sealCommitting} is. */
export const committingOverheadBytes = headerBytes + aeadTagBytes;

/** AES key ‖ commitment, from everything that the message must be bound to. */
function derive(key: Uint8Array, salt: Uint8Array, info: Uint8Array, aad: Uint8Array): Uint8Array {
  requireLength(key, aeadKeyBytes, 'committing AEAD key');
  const context = concat(label, lengthPrefixed(info), sha256(aad));
  return hkdf('sha256', salt, key, context, aeadKeyBytes + commitmentBytes);
}

/**
 * Seals so that the message opens under this key, `info` and `aad` and under no other, even for someone who chooses all
 * keys. Plain AES-GCM lets one make a message that opens under thousands of keys, and so test thousands of passwords
 * with one recovery (Len, Grubbs, Ristenpart, USENIX Security 2021).
 *
 * PRK and 64 bytes of HKDF-SHA-256(salt, key, "coffer/committing-aead/v1" ‖ lp(info) ‖ SHA-256(aad)) give a single-use
 * AES-256-GCM key and a 32-byte commitment.
 * @param key - 32 bytes; may be used for any number of messages. @param info - domain label, at most 65,535 bytes.
 * @param entropy - gives 32 bytes, the salt.
 * @returns salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16). @throws CryptoError `bad-length`.
 */
export function sealCommitting(
  key: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  entropy: Entropy,
): Uint8Array {
  const salt = entropy.bytes(saltBytes);
  const derived = derive(key, salt, info, aad);
  const sealed = aes256gcmSeal(derived.subarray(0, aeadKeyBytes), onlyNonce, noAad, plaintext);
  const whole = concat(salt, derived.subarray(aeadKeyBytes), sealed);
  zero(derived);
  return whole;
}

/**
 * Opens what {@link sealCommitting} made; the commitment is compared first, in constant time.
 * @throws CryptoError `open-failed` when anything differs; `bad-length` for the key.
 */
export function openCommitting(key: Uint8Array, info: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < committingOverheadBytes) throw new CryptoError('open-failed', 'sealed message is too short');
  const derived = derive(key, sealed.subarray(0, saltBytes), info, aad);
  try {
    if (!equalBytes(derived.subarray(aeadKeyBytes), sealed.subarray(saltBytes, headerBytes))) {
      throw new CryptoError('open-failed', 'sealed message is committed to another key');
    }
    return aes256gcmOpen(derived.subarray(0, aeadKeyBytes), onlyNonce, noAad, sealed.subarray(headerBytes));
  } finally {
    zero(derived);
  }
}
