import { BackupError } from './errors.js';
import type { FolderEntry, ManifestEntry } from './manifest.js';
import { parentPath } from './paths.js';
import type { Progress } from './progress.js';
import type { BackupReader } from './reader.js';
import { type Files, RestoreTarget } from './target.js';

export type ConflictChoice = 'overwrite' | 'skip' | 'abort';

export interface RestoreBackupOptions {
  readonly reader: BackupReader;
  /** Folder to restore into; made when it is not there. */
  readonly target: string;
  /** Asked before anything that is there is replaced. A folder where the backup has a folder is no conflict. */
  readonly onConflict: (path: string) => Promise<ConflictChoice>;
  readonly onProgress?: (progress: Progress) => void;
  /** The calls to write with. Default `node:fs/promises`. */
  readonly files?: Files;
}

export interface RestoredBackup {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  /** Paths that were not restored: by choice, with the folder they are in, or links that would lead out of the target. */
  readonly skipped: readonly string[];
  /** Those of `skipped` that are links leading out of the target, or possibly so. */
  readonly unsafeLinks: readonly string[];
}

/**
 * Restores a backup into a folder.
 *
 * The manifest is read three times and held never: first to the end, so that a bad one stops the restore before
 * anything is written; then folders and files; then links, which must not be there while files are written, and the
 * modes and times of folders, which writing into them would change. After an error the target holds whole files only.
 * @throws BackupError `aborted`, `target-conflict`, `write-failed`, `unsafe-path`, and as {@link BackupReader}'s methods.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoredBackup> {
  for await (const _ of options.reader.entries());
  const restore = new Restore(options, await RestoreTarget.open(options.target, options.files));
  for await (const entry of options.reader.entries()) await restore.writeEntry(entry);
  for await (const entry of options.reader.entries()) await restore.finishEntry(entry);
  await restore.finishFolders('');
  return restore.result();
}

class Restore {
  readonly #options: RestoreBackupOptions;
  readonly #target: RestoreTarget;
  readonly #count = { files: 0, folders: 0, links: 0, bytes: 0 };
  readonly #skipped = new Set<string>();
  readonly #unsafeLinks: string[] = [];
  /** Folders that are being gone through, outermost first. */
  #open: FolderEntry[] = [];

  constructor(options: RestoreBackupOptions, target: RestoreTarget) {
    this.#options = options;
    this.#target = target;
  }

  result(): RestoredBackup {
    return { ...this.#count, skipped: [...this.#skipped], unsafeLinks: this.#unsafeLinks };
  }

  /** Makes a folder or file. */
  async writeEntry(entry: ManifestEntry): Promise<void> {
    const { path } = entry;
    if (this.#skipped.has(parentPath(path))) this.#skipped.add(path);
    else if (entry.type === 'folder') await this.#writeFolder(entry);
    else if (entry.type === 'file') {
      const there = await this.#target.occupant(path);
      if (there !== 'nothing' && !(await this.#mayReplace(path))) return;
      if (there === 'folder') await this.#target.clear(path);
      const { mode, mtimeMs } = entry;
      const contents = this.#counted(this.#options.reader.readContent(entry));
      await this.#target.writeFile(path, contents, { mode, mtimeMs, replaces: there === 'other' });
      this.#count.files++;
      this.#report();
    }
  }

  async #writeFolder({ path }: FolderEntry): Promise<void> {
    const there = await this.#target.occupant(path);
    if (there === 'other') {
      if (!(await this.#mayReplace(path))) return;
      await this.#target.clear(path);
    }
    if (there !== 'folder') await this.#target.makeFolder(path);
    this.#count.folders++;
  }

  /** Makes a link, and finishes the folders that lie behind it in the manifest's order. */
  async finishEntry(entry: ManifestEntry): Promise<void> {
    const { path } = entry;
    await this.finishFolders(path);
    if (this.#skipped.has(path)) return;
    if (entry.type === 'folder') this.#open.push(entry);
    if (entry.type === 'link') await this.#writeLink(path, entry.target);
  }

  async #writeLink(path: string, says: string): Promise<void> {
    // Before anything makes room for it.
    if (!(await this.#target.isSafeLink(path, says))) {
      this.#skipped.add(path);
      this.#unsafeLinks.push(path);
      return;
    }
    if ((await this.#target.occupant(path)) !== 'nothing') {
      if (!(await this.#mayReplace(path))) return;
      await this.#target.clear(path);
    }
    await this.#target.makeLink(path, says);
    this.#count.links++;
  }

  /** Finishes the folders that `next` is not in, innermost first: one without write permission needs none any more. */
  async finishFolders(next: string): Promise<void> {
    for (let folder = this.#open.at(-1); folder !== undefined; folder = this.#open.at(-1)) {
      if (next.startsWith(`${folder.path}/`)) return;
      this.#open.pop();
      await this.#target.finishFolder(folder.path, folder.mode, folder.mtimeMs);
    }
  }

  async #mayReplace(path: string): Promise<boolean> {
    const choice = await this.#options.onConflict(path);
    if (choice === 'abort') throw new BackupError('aborted', 'the restore was stopped');
    if (choice === 'skip') this.#skipped.add(path);
    return choice === 'overwrite';
  }

  async *#counted(contents: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of contents) {
      this.#count.bytes += chunk.length;
      this.#report();
      yield chunk;
    }
  }

  #report(): void {
    const { files: filesTotal, bytes: bytesTotal } = this.#options.reader.totals;
    const { files, bytes } = this.#count;
    this.#options.onProgress?.({ files, filesTotal, bytes, bytesTotal });
  }
}
