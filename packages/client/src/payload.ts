import { concat, type Entropy, utf8, zero } from '@coffer/base';
import { CryptoError, hkdf, openCommitting, sealCommitting } from '@coffer/crypto';
import type { Vault } from '@coffer/protocol';
import { decode, encode, fixed, struct, u8, u64, WireError } from '@coffer/wire';
import { ClientError } from './errors.js';
import { backupKeyBytes } from './limits.js';

/** What a vault keeps for its owner. */
export interface VaultContents {
  /** 32 random bytes; data to the vault, a key to the backup. */
  readonly backupKey: Uint8Array;
  /** The lowest generation of the backup that may be accepted, so that a backup store cannot hand out an older one. */
  readonly generationMin: bigint;
}

const contentsVersion = 1;
const contentsLayout = struct<VaultContents & { readonly v: number }>({
  v: u8,
  backupKey: fixed(backupKeyBytes),
  generationMin: u64,
});

const keyLabel = utf8('coffer/payload-key/v1');
const payloadLabel = utf8('coffer/payload/v1');

/**
 * Seals the contents under a key that only the password (through OPAQUE's export key) gives, for this vault of this
 * fleet. The AEAD commits to its key: otherwise a payload that opens under many passwords would test them all at once.
 * @param exportKey - 64 bytes; the caller zeroes them. @returns 121 bytes.
 */
export function sealPayload(
  vault: Vault,
  exportKey: Uint8Array,
  contents: VaultContents,
  entropy: Entropy,
): Uint8Array {
  const key = payloadKey(exportKey);
  const plaintext = encode(contentsLayout, { v: contentsVersion, ...contents });
  const sealed = sealCommitting(key, payloadLabel, binding(vault), plaintext, entropy);
  zero(key, plaintext);
  return sealed;
}

/** Undoes {@link sealPayload}. @throws ClientError `bad-payload` when it was sealed for anything else. */
export function openPayload(vault: Vault, exportKey: Uint8Array, sealed: Uint8Array): VaultContents {
  const key = payloadKey(exportKey);
  try {
    const plaintext = openCommitting(key, payloadLabel, binding(vault), sealed);
    const { v, backupKey, generationMin } = decode(contentsLayout, plaintext);
    zero(plaintext);
    if (v !== contentsVersion) throw new ClientError('bad-payload', 'payload of another version');
    return { backupKey, generationMin };
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError) {
      throw new ClientError('bad-payload', 'the vault holds no payload of this account', { cause });
    }
    throw cause;
  } finally {
    zero(key);
  }
}

const payloadKey = (exportKey: Uint8Array): Uint8Array => hkdf('sha512', new Uint8Array(0), exportKey, keyLabel, 32);

const binding = ({ fleet, vaultId }: Vault): Uint8Array => concat(fleet.configHash, vaultId);
