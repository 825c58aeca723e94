import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HostError, systemCode } from './errors.js';

/** Only the user who runs the process reads or writes it. */
export const privateFileMode = 0o600;
/** Likewise for a folder. */
export const privateFolderMode = 0o700;

/**
 * Replaces the file at `path` by `bytes`, atomically and durably, before it returns. After a crash at any point either
 * the old or the new bytes are there, whole. One writer at a time: the temporary name is fixed, so that a crash leaves at
 * most one file behind, which the next call overwrites.
 *
 * @param mode - permissions of the new file; default {@link privateFileMode}.
 * @throws HostError `file`; the old content is still there unless the failure came after the rename.
 */
export function replaceFile(path: string, bytes: Uint8Array | string, mode: number = privateFileMode): void {
  const temporary = `${path}.new`;
  try {
    writeNew(temporary, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, mode);
    renameSync(temporary, path);
    // Without this a power cut could bring the old name back after we said that it is gone.
    syncFolder(dirname(path));
  } catch (cause) {
    throw new HostError('file', `cannot write ${path} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}

/**
 * Makes a folder whose own parent is there, unless it exists, durably before it returns: a file in a folder that a power
 * cut takes back is gone, however well the file was synced.
 * @throws HostError `file`, also when something else is in the way.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: privateFolderMode });
  } catch (cause) {
    if (!isFolder(path))
      throw new HostError('file', `cannot make ${path} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
  try {
    // Also for one that was there: whoever made it may have died before this.
    syncFolder(dirname(path));
  } catch (cause) {
    throw new HostError('file', `cannot sync the folder of ${path} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}

/**
 * Makes a folder and those above it that are not there, each as {@link makeFolder} does. Node's own way (`mkdir` with
 * `recursive`) never returns where the system says ENOENT for a name that it could make, as it does below `/proc`.
 * @throws HostError `file`.
 */
export function makeFolders(path: string): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolders(above);
  makeFolder(path);
}

/** False also for what may not be looked at: making it says why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** @returns the bytes of the file, or undefined when there is none. @throws HostError `file` for any other reason. */
export function readFileIfAny(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new HostError('file', `cannot read ${path} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}

function writeNew(path: string, bytes: Uint8Array, mode: number): void {
  removeIfAny(path);
  const file = openSync(path, 'wx', mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function removeIfAny(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
  }
}

/** Makes the names of a folder durable. Windows cannot open folders, and needs no such call. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
