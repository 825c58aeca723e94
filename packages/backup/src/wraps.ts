import { concat, type Entropy, utf8, zero } from '@coffer/base';
import { CryptoError, hkdf, openCommitting, sealCommitting } from '@coffer/crypto';
import { BackupError } from './errors.js';

/** Ways to hold a backup key. Each has its own domain, so that a secret used for two gives two unrelated keys. */
export type WrapPurpose = 'recovery-key' | 'passkey' | 'vault';

const wrapVersion = 1;
const wrappedKeyBytes = 32;
/** Shortest secret that a key is wrapped under; a person's own words go through a vault and never in here. */
export const wrapSecretBytesMin = 32;
/** Version, salt, commitment, sealed key and tag. */
export const wrapBytes = 1 + 32 + 32 + wrappedKeyBytes + 16;

/**
 * Wraps a backup key under a secret of full strength: a recovery key, a passkey's PRF output, OPAQUE's export key.
 *
 * The wrap is key-committing: it opens under one secret, for one account and purpose. Without that, whoever can write
 * to a store could put there one wrap that opens under many secrets, to keys of his own.
 * @param account - what the key is of, bound in; 32 bytes. @param backupKey - 32 bytes.
 * @returns 113 bytes: version ‖ committing AEAD. @throws BackupError `bad-argument`.
 */
export function wrapKey(
  purpose: WrapPurpose,
  secret: Uint8Array,
  account: Uint8Array,
  backupKey: Uint8Array,
  entropy: Entropy,
): Uint8Array {
  if (backupKey.length !== wrappedKeyBytes) throw new BackupError('bad-argument', 'a backup key has 32 bytes');
  const key = wrappingKey(purpose, secret);
  try {
    return concat(Uint8Array.of(wrapVersion), sealCommitting(key, info(purpose), account, backupKey, entropy));
  } finally {
    zero(key);
  }
}

/** The backup key, for the caller to zero. @throws BackupError `unwrap-failed`, `bad-argument`, `unsupported-version`. */
export function unwrapKey(
  purpose: WrapPurpose,
  secret: Uint8Array,
  account: Uint8Array,
  wrapped: Uint8Array,
): Uint8Array {
  if (wrapped.length !== wrapBytes) throw new BackupError('unwrap-failed', 'not a wrapped key');
  if (wrapped[0] !== wrapVersion) throw new BackupError('unsupported-version', 'wrapped by a later version');
  const key = wrappingKey(purpose, secret);
  try {
    return openCommitting(key, info(purpose), account, wrapped.subarray(1));
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new BackupError('unwrap-failed', 'wrapped under another secret, or for another account', { cause });
  } finally {
    zero(key);
  }
}

/**
 * The backup key alone under OPAQUE's export key: 113 bytes, of the 256 that a vault takes. Reserved for clients that keep
 * no generation; what `@coffer/client` puts into a vault is docs/spec/protocol.md §13.
 */
export function wrapForVault(
  exportKey: Uint8Array,
  backupKey: Uint8Array,
  vaultId: Uint8Array,
  entropy: Entropy,
): Uint8Array {
  return wrapKey('vault', exportKey, vaultId, backupKey, entropy);
}

/** Undoes {@link wrapForVault}. @throws BackupError `unwrap-failed`, `unsupported-version`. */
export function unwrapFromVault(exportKey: Uint8Array, payload: Uint8Array, vaultId: Uint8Array): Uint8Array {
  return unwrapKey('vault', exportKey, vaultId, payload);
}

function info(purpose: WrapPurpose): Uint8Array {
  return utf8(`coffer/wrap/${purpose}/v1`);
}

function wrappingKey(purpose: WrapPurpose, secret: Uint8Array): Uint8Array {
  if (secret.length < wrapSecretBytesMin) throw new BackupError('bad-argument', 'too short to wrap a key under');
  return hkdf('sha256', new Uint8Array(0), secret, info(purpose), 32);
}
