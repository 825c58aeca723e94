import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { blocksOf } from './byte-source.js';
import { BackupError, systemCode } from './errors.js';
import { makeFolders } from './folders.js';
import { type BackupStore, type ByteRange, isObjectName, type StoredObject } from './store.js';

const readBytes = 65_536;
/** Unfinished objects. Not a possible object name, so that `list` and `get` cannot meet one. */
const incomingFolder = '.incoming';

/** A backup store in a local folder. What a crash leaves unfinished stays in `.incoming` and may be deleted. */
export class FolderBackupStore implements BackupStore {
  readonly #root: string;

  /** @param root - made at the first `put` when it is not there. */
  constructor(root: string) {
    this.#root = root;
  }

  async put(name: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#path(name);
    await makeFolder(dirname(path));
    await makeFolder(join(this.#root, incomingFolder));
    const temporary = join(this.#root, incomingFolder, hex(systemEntropy.bytes(16)));
    let bytes = 0;
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        for await (const block of blocksOf(source)) {
          await writeAll(file, block);
          bytes += block.length;
        }
        // Before the rename: a name that outlives a power cut while its bytes do not would be a truncated object.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await syncFolder(dirname(path));
    return bytes;
  }

  async get(name: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    return readParts(this.#path(name), range);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    for await (const object of this.#listFolder(folder)) if (object.name.startsWith(prefix)) yield object;
  }

  async *#listFolder(folder: string): AsyncGenerator<StoredObject> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
      throw error;
    });
    for (const entry of entries) {
      const name = folder + entry.name;
      if (!isObjectName(name)) continue;
      if (entry.isDirectory()) yield* this.#listFolder(`${name}/`);
      else if (entry.isFile()) {
        const bytes = await sizeOf(join(this.#root, name));
        if (bytes !== undefined) yield { name, bytes };
      }
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    await unlink(path).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    // Succeeds only when it is empty, which is when nobody misses it.
    if (name.includes('/')) await rmdir(dirname(path)).catch(() => undefined);
  }

  #path(name: string): string {
    if (!isObjectName(name)) throw new BackupError('bad-object-name', 'not a name that a store can keep');
    return join(this.#root, name);
  }
}

/** Undefined when it has been removed meanwhile. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Opens the file when it is first read, so that a stream that nobody reads holds nothing open. */
async function* readParts(path: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new BackupError('missing-object', 'the store does not have this object', { cause });
  });
  try {
    let position = range?.offset ?? 0;
    const end = range === undefined ? Number.POSITIVE_INFINITY : range.offset + range.length;
    while (position < end) {
      const buffer = new Uint8Array(Math.min(readBytes, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Writes all of `bytes`; one call of write may take fewer. */
export async function writeAll(file: Pick<FileHandle, 'write'>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function makeFolder(path: string): Promise<void> {
  for (const made of await makeFolders(path, { mkdir, stat }, 0o700)) {
    // A new folder is durable only when the folder above knows its name.
    await syncFolder(dirname(made));
  }
}

/** Makes renames and new names inside `path` durable. Windows cannot open folders, and needs no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
