import type { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.js';

/** The calls that make folders. */
export interface FolderCalls {
  readonly mkdir: typeof mkdir;
  readonly stat: typeof stat;
}

/**
 * Makes a folder and those above it that are not there. Node's own way (`mkdir` with `recursive`) never returns where the
 * system says ENOENT for a name that it could make, as it does below `/proc`.
 * @returns the paths of the folders that were made, from the top.
 * @throws what the system says; what was made by then stays.
 */
export async function makeFolders(path: string, calls: FolderCalls, mode = 0o777): Promise<readonly string[]> {
  if (await isFolder(path, calls)) return [];
  const above = dirname(path);
  const made = above === path ? [] : await makeFolders(above, calls, mode);
  try {
    await calls.mkdir(path, { mode });
  } catch (cause) {
    // Somebody else has just made it.
    if (systemCode(cause) === 'EEXIST' && (await isFolder(path, calls))) return made;
    throw cause;
  }
  return [...made, path];
}

/** False also for what may not be looked at: making it says why. */
async function isFolder(path: string, { stat }: FolderCalls): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
