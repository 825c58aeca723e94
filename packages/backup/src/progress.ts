import { BackupError } from './errors.js';
import { entriesMax, type ManifestEntry } from './manifest.js';

/** How far a backup or a restore is. */
export interface Progress {
  readonly files: number;
  readonly filesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** Counts what has gone into a backup. */
export class Tally {
  readonly #entriesMax: number;
  readonly #total: { readonly files: number; readonly bytes: number };
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly #counts = { files: 0, folders: 0, links: 0, contentBytes: 0, manifestBytes: 0 };
  readonly skipped: string[] = [];

  constructor(
    total: { readonly files: number; readonly bytes: number },
    onProgress: ((progress: Progress) => void) | undefined,
    entriesLimit: number = entriesMax,
  ) {
    this.#entriesMax = entriesLimit;
    this.#total = total;
    this.#onProgress = onProgress;
  }

  get contentBytes(): number {
    return this.#counts.contentBytes;
  }

  counts() {
    return { ...this.#counts };
  }

  content(bytes: number): void {
    this.#counts.contentBytes += bytes;
    this.#report();
  }

  /** @throws BackupError `over-limit`. */
  entry(entry: ManifestEntry, encodedBytes: number): void {
    const counts = this.#counts;
    if (counts.files + counts.folders + counts.links >= this.#entriesMax) {
      throw new BackupError('over-limit', `a backup holds at most ${this.#entriesMax} files, folders and links`);
    }
    counts.manifestBytes += encodedBytes;
    if (entry.type === 'file') counts.files++;
    else if (entry.type === 'folder') counts.folders++;
    else counts.links++;
    if (entry.type === 'file') this.#report();
  }

  #report(): void {
    const { files, contentBytes } = this.#counts;
    // The source may have grown since it was counted.
    const filesTotal = Math.max(files, this.#total.files);
    const bytesTotal = Math.max(contentBytes, this.#total.bytes);
    this.#onProgress?.({ files, filesTotal, bytes: contentBytes, bytesTotal });
  }
}
