import { concat, type Entropy, equalBytes, utf8 } from '@coffer/base';
import { CryptoError, openCommitting, sealCommitting } from '@coffer/crypto';
import { decode, encode, struct, u32, u64 } from '@coffer/wire';
import { collect } from './byte-source.js';
import { segmentBytes } from './cobblestone.js';
import { BackupError } from './errors.js';
import { type BackupKeys, decodeLabel, encodeLabel, headName, type Label, labelBytes } from './labels.js';
import { entriesMax } from './manifest.js';
import { paddedBytes } from './padme.js';
import type { BackupStore } from './store.js';

/** What the newest backup is; sealed in the object `current`, which is written last. */
export interface Head {
  readonly generation: bigint;
  readonly backupId: Uint8Array;
  /** Generation of the backup that this one took the place of; 0 for the first. */
  readonly previousGeneration: bigint;
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Sum of all file sizes. */
  readonly contentBytes: number;
  /** Length of the manifest without its padding. */
  readonly manifestBytes: number;
  /** Plaintext of a full pack. */
  readonly packBytes: number;
}

/** Largest pack, and the default: one file of any size is read without reading more than 16 KiB around it. */
export const packBytesMax = 2 ** 26;
/** Most packs of one backup: 64 TiB in packs of the default size. */
export const packsMax = 2 ** 20;
const keyIdBytes = 16;
const info = utf8('coffer/backup/head/v1');
const body = struct({
  previousGeneration: u64,
  files: u32,
  folders: u32,
  links: u32,
  contentBytes: u64,
  manifestBytes: u64,
  packBytes: u32,
});
/** Label, key id, and 40 sealed bytes with 80 of overhead. */
export const headBytes = labelBytes + keyIdBytes + 40 + 80;

/** 170 bytes: label ‖ key id (16) ‖ sealed body (docs/spec/backup-format.md §4). */
export function sealHead(keys: BackupKeys, head: Head, entropy: Entropy): Uint8Array {
  const label = encodeLabel({ kind: 'head', generation: head.generation, backupId: head.backupId, index: 0 });
  const plain = encode(body, {
    ...head,
    contentBytes: BigInt(head.contentBytes),
    manifestBytes: BigInt(head.manifestBytes),
  });
  return concat(label, keys.keyId, sealCommitting(keys.headKey, info, concat(keys.account, label), plain, entropy));
}

/** The label of a head, which anyone can read and nothing vouches for. */
export function readHeadLabel(bytes: Uint8Array): Label {
  const label = decodeLabel(bytes.subarray(0, labelBytes));
  if (label.kind !== 'head') throw new BackupError('swapped', 'another object in the place of the head');
  return label;
}

/**
 * Opens a head. Whether its key id fits only chooses between two refusals: a flipped bit must not tell someone who
 * typed the right secret that it was wrong.
 * @throws BackupError `wrong-key`, `damaged`, `truncated`, `swapped`, `unsupported-version`, `bad-manifest`.
 */
export function openHead(keys: BackupKeys, bytes: Uint8Array): Head {
  const label = readHeadLabel(bytes);
  if (bytes.length < headBytes) throw new BackupError('truncated', 'ends inside its head');
  const keyId = bytes.subarray(labelBytes, labelBytes + keyIdBytes);
  const isOurs = equalBytes(keyId, keys.keyId);
  let plain: Uint8Array;
  try {
    const aad = concat(keys.account, bytes.subarray(0, labelBytes));
    plain = openCommitting(keys.headKey, info, aad, bytes.subarray(labelBytes + keyIdBytes));
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    if (isOurs) throw new BackupError('damaged', 'the head does not authenticate', { cause });
    throw new BackupError('wrong-key', 'made with another key, or for another account', { cause });
  }
  if (!isOurs) throw new BackupError('damaged', 'the head does not authenticate');
  return checkHead(label, plain);
}

function checkHead(label: Label, plain: Uint8Array): Head {
  const read = decode(body, plain);
  const contentBytes = Number(read.contentBytes);
  const manifestBytes = Number(read.manifestBytes);
  const packsWhole = read.packBytes > 0 && read.packBytes <= packBytesMax && read.packBytes % segmentBytes === 0;
  const entries = read.files + read.folders + read.links;
  const isInRange = contentBytes <= 2 ** 52 && manifestBytes <= 2 ** 40;
  if (!packsWhole || entries > entriesMax || !isInRange || paddedBytes(contentBytes) > packsMax * read.packBytes) {
    throw new BackupError('bad-manifest', 'the head is out of range');
  }
  return { ...read, contentBytes, manifestBytes, generation: label.generation, backupId: label.backupId };
}

/** Bytes of the stored head, or undefined without one. */
export async function readHead(store: BackupStore, account: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const tooLong = () => new BackupError('damaged', 'the head is too long');
    return await collect(await store.get(headName(account)), headBytes, tooLong);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'missing-object') return undefined;
    throw error;
  }
}
