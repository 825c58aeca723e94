import { compareBytes, utf8 } from '@coffer/base';
import { BackupError } from './errors.js';

/** Longest path in a backup, in UTF-8, as in Linux' PATH_MAX. */
export const pathBytesMax = 4096;
/** Longest single name, as in most file systems. */
export const nameBytesMax = 255;

/**
 * The names that a relative path goes through.
 *
 * A manifest is authentic, but whoever made it may be an attacker who shared a key with a victim. So every path is
 * refused that some system could read as leading elsewhere: `..`, absolute ones, and a backslash, which Windows takes
 * for a separator.
 * @throws BackupError `unsafe-path`.
 */
export function pathNames(path: string): readonly string[] {
  const names = path.split('/');
  const isSafe = (name: string) =>
    name !== '' && name !== '.' && name !== '..' && !/[\\\0]/.test(name) && utf8(name).length <= nameBytesMax;
  if (utf8(path).length > pathBytesMax || !names.every(isSafe)) {
    throw new BackupError('unsafe-path', 'not a path that a backup may hold');
  }
  return names;
}

/**
 * Order of a manifest: by bytes, and a folder right before what is in it, because `/` sorts before every other byte.
 * A strictly rising order is what makes a duplicate impossible to hide.
 */
export function comparePaths(a: string, b: string): number {
  return compareBytes(sortKey(a), sortKey(b));
}

function sortKey(path: string): Uint8Array {
  const key = utf8(path);
  for (let i = 0; i < key.length; i++) if (key[i] === 0x2f) key[i] = 0;
  return key;
}

/** The path of the folder that `path` is in; empty for the top. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
