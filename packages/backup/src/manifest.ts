import {
  decode,
  encode,
  encodeFrame,
  fixed,
  type Layout,
  struct,
  text,
  u16,
  u64,
  variant,
  WireError,
} from '@coffer/wire';
import { BackupError } from './errors.js';
import { comparePaths, parentPath, pathBytesMax, pathNames } from './paths.js';

/** One thing in a backup. Times are milliseconds since 1970, modes the nine permission bits. */
export type ManifestEntry = FolderEntry | FileEntry | LinkEntry;

export interface FolderEntry {
  readonly type: 'folder';
  /** Relative, names joined by `/`. */
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

export interface FileEntry {
  readonly type: 'file';
  readonly path: string;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly size: number;
  /** Where its bytes start in the contents, the concatenation of all files. */
  readonly offset: number;
  /** SHA-256 of its bytes. */
  readonly sha256: Uint8Array;
}

export interface LinkEntry {
  readonly type: 'link';
  readonly path: string;
  /** What the symbolic link says, as it says it. */
  readonly target: string;
}

/** Most entries of one backup. */
export const entriesMax = 2 ** 24;
/** Longest encoded entry: two paths, and less than 128 bytes of all else. */
export const entryBytesMax = 2 * pathBytesMax + 128;
const modeMax = 0o777;

/** A u64 that a JavaScript number holds exactly. */
const safe: Layout<number> = {
  write: (writer, value) => u64.write(writer, BigInt(value)),
  read(reader) {
    const value = u64.read(reader);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError('bad-value', 'over 2^53 - 1');
    return Number(value);
  },
};

const path = text(pathBytesMax);
const entryLayout = variant<ManifestEntry>({
  folder: [1, struct<Omit<FolderEntry, 'type'>>({ path, mode: u16, mtimeMs: safe })],
  file: [
    2,
    struct<Omit<FileEntry, 'type'>>({ path, mode: u16, mtimeMs: safe, size: safe, offset: safe, sha256: fixed(32) }),
  ],
  link: [3, struct<Omit<LinkEntry, 'type'>>({ path, target: path })],
});

/** u32 length ‖ entry (docs/spec/backup-format.md §5). @throws BackupError `unsupported-name` for a path too long. */
export function encodeEntry(entry: ManifestEntry): Uint8Array {
  try {
    return encodeFrame(encode(entryLayout, entry), entryBytesMax);
  } catch (cause) {
    if (cause instanceof WireError) {
      throw new BackupError('unsupported-name', 'its name is too long for a backup', { cause, path: entry.path });
    }
    throw cause;
  }
}

/** The entry of one frame's body. @throws BackupError `bad-manifest`. */
export function decodeEntry(body: Uint8Array): ManifestEntry {
  let entry: ManifestEntry;
  try {
    entry = decode(entryLayout, body);
  } catch (cause) {
    throw new BackupError('bad-manifest', 'an entry is not well formed', { cause });
  }
  if (entry.type !== 'link' && entry.mode > modeMax) throw new BackupError('bad-manifest', 'a mode is out of range');
  return entry;
}

/**
 * Checks entries one after another against the rules that need more than one of them: strictly rising paths (so no
 * duplicates), every parent a folder of this backup, contents without gap or overlap. Holds one path at a time.
 */
export class ManifestRules {
  readonly #entriesMax: number;
  #previous = '';
  #folders: string[] = [];
  #entries = 0;
  #contentBytes = 0;

  constructor(entriesLimit: number = entriesMax) {
    this.#entriesMax = entriesLimit;
  }

  /** @returns `entry`, checked. @throws BackupError `unsafe-path`, `bad-manifest`, `over-limit`. */
  check(entry: ManifestEntry): ManifestEntry {
    if (this.#entries >= this.#entriesMax) throw new BackupError('over-limit', `over ${this.#entriesMax} entries`);
    const names = pathNames(entry.path);
    if (this.#entries > 0 && comparePaths(this.#previous, entry.path) >= 0) {
      throw new BackupError('bad-manifest', 'entries are out of order or doubled');
    }
    this.#folders.length = Math.min(this.#folders.length, names.length - 1);
    const parent = parentPath(entry.path);
    // A link or a file as a parent would make a restore write through it.
    if (parent !== '' && this.#folders[names.length - 2] !== parent) {
      throw new BackupError('bad-manifest', 'an entry is in no folder of this backup');
    }
    if (entry.type === 'folder') this.#folders.push(entry.path);
    if (entry.type === 'file') {
      if (entry.offset !== this.#contentBytes) throw new BackupError('bad-manifest', 'contents overlap or have a gap');
      this.#contentBytes += entry.size;
    }
    this.#previous = entry.path;
    this.#entries++;
    return entry;
  }

  /** @throws BackupError `bad-manifest` unless the head promised exactly these. */
  finish(entries: number, contentBytes: number): void {
    if (this.#entries !== entries || this.#contentBytes !== contentBytes) {
      throw new BackupError('bad-manifest', 'manifest and head do not agree');
    }
  }
}
