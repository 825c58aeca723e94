import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes, utf8Text } from '@coffer/base';
import { BackupError, systemCode } from './errors.js';
import { pathNames } from './paths.js';

/** Something found in a source. `other` is a socket, pipe or device, which has no contents to keep. */
export interface SourceEntry {
  readonly type: 'folder' | 'file' | 'link' | 'other';
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly size: number;
}

const readBytes = 65_536;

/**
 * Everything below `root`, a folder right before what is in it, names in the order of their bytes. Holds the names of
 * one folder per level. Links are named and never followed.
 * @throws BackupError `unreadable-source`, `unsupported-name`, `changed-while-reading`.
 */
export async function* walkSource(
  root: string,
  exclude: (path: string) => boolean,
  folder = '',
): AsyncGenerator<SourceEntry> {
  const names = await readdir(join(root, folder), { encoding: 'buffer' }).catch((cause: unknown) => {
    throw sourceError(cause, folder === '' ? '.' : folder);
  });
  for (const name of names.sort(compareBytes)) {
    const path = childPath(folder, name);
    if (exclude(path)) continue;
    const stats = await lstat(join(root, path)).catch((cause: unknown) => {
      throw sourceError(cause, path);
    });
    const entry = describe(path, stats);
    yield entry;
    if (entry.type === 'folder') yield* walkSource(root, exclude, path);
  }
}

/** @throws BackupError `unsupported-name` for a name that is not UTF-8, or that a restore elsewhere would refuse. */
function childPath(folder: string, name: Uint8Array): string {
  let path = folder;
  try {
    const text = utf8Text(name);
    path = folder === '' ? text : `${folder}/${text}`;
    pathNames(path);
    return path;
  } catch (cause) {
    throw new BackupError('unsupported-name', 'a backup cannot hold a file of this name', {
      cause,
      path: path === folder ? `${folder}/?` : path,
    });
  }
}

function describe(path: string, stats: Stats): SourceEntry {
  const type = stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'link' : 'other';
  const mtimeMs = Math.max(0, Math.trunc(stats.mtimeMs));
  return { type, path, mode: stats.mode & 0o777, mtimeMs, size: stats.size };
}

/**
 * The bytes of a file, as many as `entry` said, unchanged from the first to the last. A file that is written to
 * meanwhile would go into the backup as a mixture that never existed, so the backup stops instead.
 * @throws BackupError `unreadable-source`, `changed-while-reading`.
 */
export async function* readSourceFile(root: string, entry: SourceEntry): AsyncGenerator<Uint8Array> {
  // No link that took the file's place since, and no waiting for a pipe's other end.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const { path } = entry;
  const file = await open(join(root, path), flags).catch((cause: unknown) => {
    throw systemCode(cause) === 'ELOOP' ? changed(path, cause) : sourceError(cause, path);
  });
  try {
    const before = await file.stat();
    if (!before.isFile() || before.size !== entry.size) throw changed(path);
    let left = entry.size;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(readBytes, left));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null).catch((cause: unknown) => {
        throw sourceError(cause, path);
      });
      if (bytesRead === 0) throw changed(path);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    const after = await file.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path);
  } finally {
    await file.close();
  }
}

/** @throws BackupError `unreadable-source`, `changed-while-reading`, `unsupported-name`. */
export async function readSourceLink(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path), { encoding: 'buffer' }).catch((cause: unknown) => {
    throw systemCode(cause) === 'EINVAL' ? changed(path, cause) : sourceError(cause, path);
  });
  try {
    return utf8Text(target);
  } catch (cause) {
    throw new BackupError('unsupported-name', 'a backup cannot hold what this link says', { cause, path });
  }
}

function changed(path: string, cause?: unknown): BackupError {
  return new BackupError('changed-while-reading', 'changed while it was being read', { cause, path });
}

function sourceError(cause: unknown, path: string): BackupError {
  if (systemCode(cause) === 'ENOENT' && path !== '.') return changed(path, cause);
  return new BackupError('unreadable-source', 'cannot be read', { cause, path });
}
