import { createHash } from 'node:crypto';
import { equalBytes } from '@coffer/base';
import { FrameDecoder, WireError } from '@coffer/wire';
import { BackupError } from './errors.js';
import { type Head, openHead, readHead, readHeadLabel } from './head.js';
import { type BackupKeys, backupFolder, deriveBackupKeys, forgetBackupKeys, type Label, objectName } from './labels.js';
import { decodeEntry, entryBytesMax, type FileEntry, type ManifestEntry, ManifestRules } from './manifest.js';
import { paddedBytes } from './padme.js';
import { SealedObject, storedObjectBytes } from './sealed-object.js';
import type { BackupStore } from './store.js';

export interface OpenBackupOptions {
  readonly store: BackupStore;
  /** 32 bytes. */
  readonly account: Uint8Array;
  /** 32 bytes; still the caller's to zero. */
  readonly backupKey: Uint8Array;
  /** The newest generation that the caller knows of. Without it, a store that shows an older backup is believed. */
  readonly expectGenerationMin?: bigint;
}

/**
 * Opens the newest backup of an account: its head, and that every object is there in its right size. No content is
 * read yet.
 * @throws BackupError `no-backup`, `wrong-key`, `older-than-expected`, `missing-object`, `truncated`, `damaged`,
 * `swapped`, `unsupported-version`, `bad-manifest`.
 */
export async function openBackup(options: OpenBackupOptions): Promise<BackupReader> {
  const { store, account } = options;
  const keys = deriveBackupKeys(account, options.backupKey);
  const bytes = await readHead(store, account);
  if (bytes === undefined) throw new BackupError('no-backup', 'there is no backup of this account');
  const head = openHead(keys, bytes);
  if (head.generation < (options.expectGenerationMin ?? 0n)) {
    throw new BackupError('older-than-expected', 'the store shows an older backup than the newest one made');
  }
  await checkSizes(store, keys, head);
  return new BackupReader(store, keys, head);
}

/**
 * Generation that the stored head shows, or undefined without one. Read without a key, so anyone who can write to the
 * store can make it say anything: a hint for what to number next or what to tell a person, never a check.
 * @throws BackupError `damaged`, `truncated`, `swapped`, `unsupported-version`.
 */
export async function latestGeneration(options: {
  readonly store: BackupStore;
  readonly account: Uint8Array;
}): Promise<bigint | undefined> {
  const bytes = await readHead(options.store, options.account);
  return bytes === undefined ? undefined : readHeadLabel(bytes).generation;
}

/** A missing or short object is found here, before a restore has written anything. */
async function checkSizes(store: BackupStore, keys: BackupKeys, head: Head): Promise<void> {
  const expected = new Map<string, number>();
  for (const [label, plaintextBytes] of objectsOf(head)) {
    expected.set(objectName(keys, label), storedObjectBytes(plaintextBytes));
  }
  for await (const { name, bytes } of store.list(`${backupFolder(keys.account, head.backupId)}/`)) {
    const wanted = expected.get(name);
    if (wanted === undefined) continue;
    if (bytes < wanted) throw new BackupError('truncated', 'an object of the backup is too short');
    if (bytes > wanted) throw new BackupError('damaged', 'an object of the backup is too long');
    expected.delete(name);
  }
  if (expected.size > 0) throw new BackupError('missing-object', 'an object of the backup is missing');
}

function* objectsOf(head: Head): Generator<readonly [Label, number]> {
  yield [manifestLabel(head), paddedBytes(head.manifestBytes)];
  const total = paddedBytes(head.contentBytes);
  for (let index = 0; index * head.packBytes < total; index++) yield [packLabel(head, index), packLength(head, index)];
}

function manifestLabel({ generation, backupId }: Head): Label {
  return { kind: 'manifest', generation, backupId, index: 0 };
}

function packLabel({ generation, backupId }: Head, index: number): Label {
  return { kind: 'pack', generation, backupId, index };
}

function packLength(head: Head, index: number): number {
  return Math.min(head.packBytes, paddedBytes(head.contentBytes) - index * head.packBytes);
}

/** One opened backup. Reads as much as is asked for, and lets out nothing that is not authentic and in its place. */
export class BackupReader {
  readonly #store: BackupStore;
  readonly #keys: BackupKeys;
  readonly #head: Head;
  /** Files are mostly read in their order, so the pack of the last one is kept open. */
  #pack: { readonly index: number; readonly object: SealedObject } | undefined;

  constructor(store: BackupStore, keys: BackupKeys, head: Head) {
    this.#store = store;
    this.#keys = keys;
    this.#head = head;
  }

  /** Zeroes the keys; nothing more can be read. */
  close(): void {
    forgetBackupKeys(this.#keys);
  }

  get generation(): bigint {
    return this.#head.generation;
  }

  /** Generation of the backup that this one took the place of; 0 for the first. */
  get previousGeneration(): bigint {
    return this.#head.previousGeneration;
  }

  /** What the backup holds; `bytes` is the sum of all file sizes. */
  get totals(): { readonly files: number; readonly folders: number; readonly links: number; readonly bytes: number } {
    const { files, folders, links, contentBytes } = this.#head;
    return { files, folders, links, bytes: contentBytes };
  }

  /**
   * All entries, a folder right before what is in it. Only when it has ended without an error are they known to be all.
   * @throws BackupError `missing-object`, `truncated`, `swapped`, `reordered`, `damaged`, `bad-manifest`, `unsafe-path`.
   */
  async *entries(): AsyncGenerator<ManifestEntry> {
    const head = this.#head;
    const length = head.manifestBytes;
    const manifest = await SealedObject.open(this.#store, this.#keys, manifestLabel(head), paddedBytes(length));
    const rules = new ManifestRules();
    const frames = new FrameDecoder(entryBytesMax);
    for await (const chunk of manifest.read(0, length)) {
      for (const frame of takeFrames(frames, chunk)) yield rules.check(decodeEntry(frame));
    }
    if (!frames.clean) throw new BackupError('bad-manifest', 'the manifest ends inside an entry');
    rules.finish(head.files + head.folders + head.links, head.contentBytes);
  }

  /**
   * Contents of the file at `path`, found by reading the manifest up to it.
   * @throws BackupError `no-such-file`, and as {@link entries} and {@link readContent}.
   */
  async *readFile(path: string): AsyncGenerator<Uint8Array> {
    for await (const entry of this.entries()) {
      if (entry.path !== path) continue;
      if (entry.type !== 'file') break;
      yield* this.readContent(entry);
      return;
    }
    throw new BackupError('no-such-file', 'the backup holds no such file', { path });
  }

  /**
   * Contents of an entry of this backup. Only when it has ended without an error is the whole file known to be right.
   * @throws BackupError `missing-object`, `truncated`, `swapped`, `reordered`, `damaged`, `bad-manifest`.
   */
  async *readContent(entry: FileEntry): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    const end = entry.offset + entry.size;
    if (end > this.#head.contentBytes) throw new BackupError('bad-manifest', 'a file lies outside of the contents');
    for (let at = entry.offset; at < end; ) {
      const index = Math.floor(at / this.#head.packBytes);
      const start = index * this.#head.packBytes;
      const length = Math.min(end, start + this.#head.packBytes) - at;
      const pack = await this.#openPack(index);
      for await (const chunk of pack.read(at - start, length)) {
        hash.update(chunk);
        yield chunk;
      }
      at += length;
    }
    if (!equalBytes(new Uint8Array(hash.digest()), entry.sha256)) {
      throw new BackupError('bad-manifest', 'a file is not what the manifest says');
    }
  }

  async #openPack(index: number): Promise<SealedObject> {
    if (this.#pack?.index !== index) {
      const label = packLabel(this.#head, index);
      const object = await SealedObject.open(this.#store, this.#keys, label, packLength(this.#head, index));
      this.#pack = { index, object };
    }
    return this.#pack.object;
  }
}

function takeFrames(decoder: FrameDecoder, chunk: Uint8Array): Uint8Array[] {
  try {
    return decoder.push(chunk);
  } catch (cause) {
    if (cause instanceof WireError) throw new BackupError('bad-manifest', 'an entry is too long', { cause });
    throw cause;
  }
}
