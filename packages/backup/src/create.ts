import type { Entropy } from '@coffer/base';
import { segmentBytes } from './cobblestone.js';
import { storeObjects } from './contents.js';
import { BackupError } from './errors.js';
import { type Head, openHead, packBytesMax, readHead, sealHead } from './head.js';
import {
  accountFolder,
  type BackupKeys,
  backupFolder,
  backupIdBytes,
  deriveBackupKeys,
  forgetBackupKeys,
  generationMax,
  headName,
} from './labels.js';
import { type Progress, Tally } from './progress.js';
import { once } from './sealed-object.js';
import type { BackupStore } from './store.js';
import { walkSource } from './walk.js';

export interface CreateBackupOptions {
  /** Folder to back up. */
  readonly source: string;
  readonly store: BackupStore;
  /** 32 bytes; the vaultId, or another name that only this account has. */
  readonly account: Uint8Array;
  /** 32 random bytes; still the caller's to zero. */
  readonly backupKey: Uint8Array;
  /** 1 to 2^64 - 1, over the generation that is stored now. */
  readonly generation: bigint;
  readonly entropy: Entropy;
  readonly onProgress?: (progress: Progress) => void;
  /** Leaves out what it says true for, a folder with all that is in it. */
  readonly exclude?: (relativePath: string) => boolean;
  /** Also takes the place of a backup that this key does not open, which is lost by it. Default false. */
  readonly replaceUnreadable?: boolean;
  /** Plaintext of a full pack; a multiple of 16 KiB, at most and by default 64 MiB. */
  readonly packBytes?: number;
}

export interface CreatedBackup {
  readonly generation: bigint;
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  /** Sum of all file sizes. */
  readonly bytes: number;
  /** What lies in the store now, padding and all. */
  readonly storedBytes: number;
  /** Paths of sockets, pipes and devices, which a backup does not hold. */
  readonly skipped: readonly string[];
}

/**
 * Stores a folder as the newest backup of an account, in constant memory, and removes the one before it once the new
 * one is whole and durable. One writer per account at a time.
 *
 * The head is written last: until then a reader finds the backup before, and after a crash what was stored of this one
 * is removed by the next.
 * @throws BackupError `bad-argument`, `generation-not-newer`, `wrong-key` or `damaged` (see `replaceUnreadable`),
 * `unreadable-source`, `changed-while-reading`, `unsupported-name`, `over-limit`; and what the store throws.
 */
export async function createBackup(options: CreateBackupOptions): Promise<CreatedBackup> {
  const { store, account, generation, entropy, packBytes = packBytesMax, exclude = () => false } = options;
  if (generation < 1n || generation > generationMax) throw new BackupError('bad-argument', 'generation out of range');
  if (packBytes < segmentBytes || packBytes > packBytesMax || packBytes % segmentBytes !== 0) {
    throw new BackupError('bad-argument', 'packBytes out of range');
  }
  const keys = deriveBackupKeys(account, options.backupKey);
  try {
    const previousGeneration = await readPrevious(options, keys);
    const backupId = entropy.bytes(backupIdBytes);
    const tally = new Tally(await countSource(options.source, exclude, options.onProgress), options.onProgress);
    let storedBytes = await storeObjects({ ...options, exclude, packBytes }, keys, backupId, tally).catch(
      async (error: unknown) => {
        await removeAll(store, `${backupFolder(account, backupId)}/`, () => true).catch(() => undefined);
        throw error;
      },
    );
    // When this fails, the objects stay: the head may have been stored all the same.
    const head: Head = { ...tally.counts(), generation, backupId, previousGeneration, packBytes };
    storedBytes += await store.put(headName(account), once(sealHead(keys, head, entropy)));
    // Only now: until the head is durable, the backup before is the only one. What is left over costs space alone.
    await removeAll(store, `${accountFolder(account)}/`, (name) => isOldObject(name, account, backupId)).catch(
      () => undefined,
    );
    const { files, folders, links, contentBytes } = tally.counts();
    return { generation, files, folders, links, bytes: contentBytes, storedBytes, skipped: tally.skipped };
  } finally {
    forgetBackupKeys(keys);
  }
}

/** Generation of the stored backup, 0 without one. */
async function readPrevious(options: CreateBackupOptions, keys: BackupKeys): Promise<bigint> {
  const bytes = await readHead(options.store, options.account);
  if (bytes === undefined) return 0n;
  let head: Head;
  try {
    head = openHead(keys, bytes);
  } catch (error) {
    if (error instanceof BackupError && options.replaceUnreadable === true) return 0n;
    throw error;
  }
  if (head.generation >= options.generation) {
    throw new BackupError('generation-not-newer', 'the stored backup is of this generation or a later one');
  }
  return head.generation;
}

/** What there is to back up, for the progress alone. */
async function countSource(
  source: string,
  exclude: (path: string) => boolean,
  onProgress: CreateBackupOptions['onProgress'],
): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  if (onProgress === undefined) return total;
  for await (const entry of walkSource(source, exclude)) {
    if (entry.type !== 'file') continue;
    total.files++;
    total.bytes += entry.size;
  }
  return total;
}

/** An object of any backup but the newest. The head and the keyring lie beside the backups' folders, not in them. */
function isOldObject(name: string, account: Uint8Array, newest: Uint8Array): boolean {
  const inAccount = name.slice(accountFolder(account).length + 1);
  return inAccount.includes('/') && !name.startsWith(`${backupFolder(account, newest)}/`);
}

async function removeAll(store: BackupStore, prefix: string, isRemoved: (name: string) => boolean): Promise<void> {
  for await (const { name } of store.list(prefix)) if (isRemoved(name)) await store.remove(name);
}
