import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 of every file of a folder by relative path; of a link, what it says. Links are not followed. */
export type Hashes = ReadonlyMap<string, string>;

export async function hashFolder(root: string, exclude: (path: string) => boolean): Promise<Hashes> {
  const hashes = new Map<string, string>();
  const walk = async (folder: string): Promise<void> => {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (exclude(path)) continue;
      const stats = await lstat(join(root, path));
      if (stats.isDirectory()) await walk(path);
      else if (stats.isFile()) hashes.set(path, await hashFile(join(root, path)));
      else if (stats.isSymbolicLink()) hashes.set(path, `link to ${await readlink(join(root, path))}`);
    }
  };
  await walk('');
  return hashes;
}

/** Whether two folders hold the same files. A link that a restore refuses to make (it leads outside) may be missing. */
export function isSame(expected: Hashes, actual: Hashes, unsafeLinks: readonly string[]): boolean {
  const wanted = new Map(expected);
  for (const path of unsafeLinks) wanted.delete(path);
  return wanted.size === actual.size && [...wanted].every(([path, hash]) => actual.get(path) === hash);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
