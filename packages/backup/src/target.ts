import { constants } from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { hex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { blocksOf } from './byte-source.js';
import { BackupError, systemCode } from './errors.js';
import { writeAll } from './folder-store.js';
import { makeFolders } from './folders.js';
import { pathNames } from './paths.js';

/** The calls that a restore writes with; tests make single ones of them fail. */
export type Files = Pick<
  typeof nodeFiles,
  'open' | 'link' | 'rename' | 'unlink' | 'rmdir' | 'mkdir' | 'lstat' | 'symlink' | 'realpath' | 'chmod' | 'utimes'
>;

/** What is at a path of the target now. */
export type Occupant = 'nothing' | 'folder' | 'other';

const noFollow = constants.O_NOFOLLOW ?? 0;

/**
 * The folder that a restore writes into, and never out of.
 *
 * Every folder on the way to a path is looked at with `lstat` before each write, so a link in it (of an earlier entry,
 * or there before) is refused and not followed; files are made under a random name that must not exist yet, and only
 * become what they are called when they are whole. A process of the same user that swaps folders for links in between
 * is not defended against: it could write there itself.
 */
export class RestoreTarget {
  readonly #root: string;
  readonly #files: Files;

  private constructor(root: string, files: Files) {
    this.#root = root;
    this.#files = files;
  }

  /** @param path - made when it is not there; may itself be a link, which is the caller's own choice. */
  static async open(path: string, files: Files = nodeFiles): Promise<RestoreTarget> {
    try {
      await makeFolders(path, { mkdir: files.mkdir, stat: nodeFiles.stat });
      return new RestoreTarget(await files.realpath(path), files);
    } catch (cause) {
      throw new BackupError('write-failed', 'the target folder cannot be made', { cause });
    }
  }

  /** @throws BackupError `unsafe-path`, `target-conflict` when a parent is no folder. */
  async occupant(path: string): Promise<Occupant> {
    await this.#checkParents(path);
    return this.#kind(join(this.#root, path));
  }

  /** Makes a folder that only its owner can use until {@link finishFolder}. */
  async makeFolder(path: string): Promise<void> {
    const full = await this.#checkParents(path);
    await this.#writing(path, () => this.#files.mkdir(full, { mode: 0o700 }));
  }

  /** Gives a folder its mode and time, after all that is in it. */
  async finishFolder(path: string, mode: number, mtimeMs: number): Promise<void> {
    const full = await this.#checkParents(path);
    await this.#writing(path, async () => {
      const stats = await this.#files.lstat(full);
      if (!stats.isDirectory()) throw new BackupError('target-conflict', 'was changed during the restore', { path });
      // The time first: without its mode a folder can still be restored again.
      await this.#files.utimes(full, seconds(mtimeMs), seconds(mtimeMs));
      await this.#files.chmod(full, mode & 0o777);
    });
  }

  /**
   * Writes a file under a temporary name, makes it durable and whole, and gives it its name at last.
   * @param replaces - whether it may take the place of what has that name; if not, and something has, it is refused.
   */
  async writeFile(
    path: string,
    contents: AsyncIterable<Uint8Array>,
    { mode, mtimeMs, replaces }: { readonly mode: number; readonly mtimeMs: number; readonly replaces: boolean },
  ): Promise<void> {
    const full = await this.#checkParents(path);
    const temporary = join(dirname(full), `.coffer-${hex(systemEntropy.bytes(12))}.part`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow;
    try {
      const file = await this.#writing(path, () => this.#files.open(temporary, flags, 0o600));
      try {
        for await (const block of blocksOf(contents)) await this.#writing(path, () => writeAll(file, block));
        await this.#writing(path, async () => {
          await file.chmod(mode & 0o777);
          await file.utimes(seconds(mtimeMs), seconds(mtimeMs));
          // Before it gets its name: after a power cut the name must not stand for half of the bytes.
          await file.sync();
        });
      } finally {
        await file.close();
      }
      await this.#checkParents(path);
      await this.#writing(path, () => this.#publish(temporary, full, replaces));
    } catch (error) {
      await this.#files.unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  /** Whether a link at `path` that says `says` would lead into the target, whatever other links do. */
  async isSafeLink(path: string, says: string): Promise<boolean> {
    const full = await this.#checkParents(path);
    return staysInside(path, says) && (await this.#leadsInside(dirname(full), says));
  }

  /** Makes a symbolic link that {@link isSafeLink} said true for. */
  async makeLink(path: string, says: string): Promise<void> {
    const full = await this.#checkParents(path);
    await this.#writing(path, () => this.#files.symlink(says, full));
  }

  /** Makes room: removes a file or link, or a folder that is empty. @throws BackupError `target-conflict`. */
  async clear(path: string): Promise<void> {
    const full = await this.#checkParents(path);
    try {
      if ((await this.#kind(full)) === 'folder') await this.#files.rmdir(full);
      else await this.#files.unlink(full);
    } catch (cause) {
      throw new BackupError('target-conflict', 'is in the way and cannot be removed', { cause, path });
    }
  }

  /** @returns the full path of `path`, all folders above it being real folders of the target. */
  async #checkParents(path: string): Promise<string> {
    const names = pathNames(path);
    let parent = this.#root;
    for (const name of names.slice(0, -1)) {
      parent = join(parent, name);
      if ((await this.#kind(parent)) !== 'folder') {
        throw new BackupError('target-conflict', 'a folder on the way to it is none, or a link', { path });
      }
    }
    return join(parent, names.at(-1) as string);
  }

  async #kind(full: string): Promise<Occupant> {
    try {
      return (await this.#files.lstat(full)).isDirectory() ? 'folder' : 'other';
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return 'nothing';
      throw new BackupError('write-failed', 'the target cannot be read', { cause: error });
    }
  }

  async #publish(temporary: string, full: string, replaces: boolean): Promise<void> {
    if (!replaces) {
      try {
        // Unlike a rename, it never replaces what came there meanwhile.
        await this.#files.link(temporary, full);
        await this.#files.unlink(temporary);
        return;
      } catch (error) {
        const code = systemCode(error);
        if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
      }
      // A file system without hard links: the same, less a moment.
      if ((await this.#kind(full)) !== 'nothing') throw new Error(`${basename(full)} appeared during the restore`);
    }
    await this.#files.rename(temporary, full);
  }

  /** Follows `says` as far as it exists, through links that were in the target before. */
  async #leadsInside(folder: string, says: string): Promise<boolean> {
    let at = folder;
    for (const name of says.split('/')) {
      at = join(at, name);
      try {
        at = await this.#files.realpath(at);
      } catch (error) {
        // A dangling link: it will lead where what it says is made, so the last step must be no link itself.
        return systemCode(error) === 'ENOENT' && (await this.#kind(at)) === 'nothing';
      }
      const inside = relative(this.#root, at);
      if (inside === '..' || inside.startsWith('../') || isAbsolute(inside)) return false;
    }
    return true;
  }

  async #writing<T>(path: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (cause) {
      if (cause instanceof BackupError) throw cause;
      const code = systemCode(cause) === 'EEXIST' ? 'target-conflict' : 'write-failed';
      throw new BackupError(code, 'cannot be restored', { cause, path });
    }
  }
}

/**
 * Whether a link at `path` that says `says` must lead into the target. `..` may only come first: there it goes up from
 * real folders, of which there are enough. After a name it would go up from wherever that name leads, which may be a
 * link to the top of the target, and so out of it.
 */
function staysInside(path: string, says: string): boolean {
  const names = says.split('/').filter((name) => name !== '' && name !== '.');
  const ups = names.findIndex((name) => name !== '..');
  const leading = ups === -1 ? names.length : ups;
  const depth = path.split('/').length - 1;
  if (says === '' || says.startsWith('/') || /[\\\0]/.test(says)) return false;
  return leading <= depth && !names.slice(leading).includes('..');
}

/** What utimes takes; a microsecond more, as rounding down would make it another millisecond. */
function seconds(timeMs: number): number {
  return (timeMs + 0.001) / 1000;
}
