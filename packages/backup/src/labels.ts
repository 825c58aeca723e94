import { concat, hex, lengthPrefixed, utf8, zero } from '@coffer/base';
import { hkdf, hmacSha256, sha256 } from '@coffer/crypto';
import { decode, encode, fixed, struct, u8, u32, u64, WireError } from '@coffer/wire';
import { BackupError } from './errors.js';

/** What an object is, in clear before its ciphertext, and bound into it (docs/spec/backup-format.md §3). */
export interface Label {
  readonly kind: 'head' | 'manifest' | 'pack';
  /** 1 to 2^64 - 1. */
  readonly generation: bigint;
  /** 16 random bytes, fresh for every backup. */
  readonly backupId: Uint8Array;
  /** Which pack it is, from 0 on; 0 for the others. */
  readonly index: number;
}

const magic = utf8('COFR');
const formatVersion = 1;
const kinds = ['head', 'manifest', 'pack'] as const;
export const backupIdBytes = 16;
export const labelBytes = 34;
export const generationMax = 0xffff_ffff_ffff_ffffn;
export const backupKeyBytes = 32;
export const accountBytes = 32;
const keyIdBytes = 16;

const layout = struct({
  magic: fixed(magic.length),
  version: u8,
  kind: u8,
  generation: u64,
  backupId: fixed(backupIdBytes),
  index: u32,
});

/** 34 bytes. */
export function encodeLabel(label: Label): Uint8Array {
  return encode(layout, { ...label, magic, version: formatVersion, kind: kinds.indexOf(label.kind) + 1 });
}

/** @throws BackupError `truncated`, `damaged`; `unsupported-version` for a later version of the format. */
export function decodeLabel(bytes: Uint8Array): Label {
  if (bytes.length < labelBytes) throw new BackupError('truncated', 'ends inside its label');
  try {
    const { magic: found, version, kind, ...rest } = decode(layout, bytes);
    if (hex(found) !== hex(magic)) throw new BackupError('damaged', 'not an object of a backup');
    if (version !== formatVersion) throw new BackupError('unsupported-version', 'made by a later version');
    const known = kinds[kind - 1];
    if (known === undefined) throw new BackupError('damaged', 'of no known kind');
    return { kind: known, ...rest };
  } catch (cause) {
    if (cause instanceof WireError) throw new BackupError('damaged', 'its label is not well formed', { cause });
    throw cause;
  }
}

/** Keys of one account's backups, all from the backup key. */
export interface BackupKeys {
  readonly account: Uint8Array;
  readonly streamKey: Uint8Array;
  readonly headKey: Uint8Array;
  readonly nameKey: Uint8Array;
  /** Public; tells a wrong key from a damaged head. */
  readonly keyId: Uint8Array;
}

/** @param account - 32 bytes. @param backupKey - 32 bytes. @throws BackupError `bad-argument` otherwise. */
export function deriveBackupKeys(account: Uint8Array, backupKey: Uint8Array): BackupKeys {
  requireAccount(account);
  if (backupKey.length !== backupKeyBytes) throw new BackupError('bad-argument', 'a backup key has 32 bytes');
  const derive = (purpose: string, length: number) =>
    hkdf('sha256', account, backupKey, utf8(`coffer/backup/${purpose}/v1`), length);
  return {
    account,
    streamKey: derive('stream', 32),
    headKey: derive('head', 32),
    nameKey: derive('name', 32),
    keyId: derive('key-id', keyIdBytes),
  };
}

/** Zeroes what is secret in `keys`. */
export function forgetBackupKeys(keys: BackupKeys): void {
  zero(keys.streamKey, keys.headKey, keys.nameKey);
}

export function requireAccount(account: Uint8Array): void {
  if (account.length !== accountBytes) throw new BackupError('bad-argument', 'an account has 32 bytes');
}

/** Folder of an account in a store, so that the store does not learn the account from names alone. */
export function accountFolder(account: Uint8Array): string {
  requireAccount(account);
  return hex(sha256(utf8('coffer/backup-folder/v1'), lengthPrefixed(account)).subarray(0, 16));
}

/** Name of the head of an account's newest backup. */
export function headName(account: Uint8Array): string {
  return `${accountFolder(account)}/current`;
}

/** Folder of one backup. */
export function backupFolder(account: Uint8Array, backupId: Uint8Array): string {
  return `${accountFolder(account)}/${hex(backupId)}`;
}

/** Name of a manifest or pack: says nothing to who does not have the key. */
export function objectName(keys: BackupKeys, label: Label): string {
  const name = hex(hmacSha256(keys.nameKey, encodeLabel(label)).subarray(0, 16));
  return `${backupFolder(keys.account, label.backupId)}/${name}`;
}

/** Cobblestone context of a manifest or pack. */
export function objectContext(account: Uint8Array, label: Label): Uint8Array {
  return concat(utf8('coffer/backup/object/v1'), account, encodeLabel(label));
}
