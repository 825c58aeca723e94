import { dirname, join } from 'node:path';
import { makeFolder, readFileIfAny, replaceFile } from '@coffer/host';
import { AuditorError } from '../errors.js';
import type { AuditorStore } from '../ports.js';

const namePattern = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;

/** One folder of durable files, the names as paths below it. Whoever opens it holds a lock on it. */
export class FolderStore implements AuditorStore {
  readonly #root: string;
  /** Folders that are known to be there for good. */
  readonly #made = new Set<string>();

  /** @param root - an existing folder. */
  constructor(root: string) {
    this.#root = root;
  }

  read(name: string): Uint8Array | undefined {
    return readFileIfAny(this.#path(name));
  }

  write(name: string, bytes: Uint8Array): void {
    const path = this.#path(name);
    this.#makeFolders(dirname(name));
    replaceFile(path, bytes);
  }

  #makeFolders(name: string): void {
    if (name === '.' || this.#made.has(name)) return;
    this.#makeFolders(dirname(name));
    makeFolder(this.#path(name));
    this.#made.add(name);
  }

  #path(name: string): string {
    // Names are made from checked numbers and digests; this is the second line that keeps a request inside the folder.
    if (!namePattern.test(name)) throw new AuditorError('internal', 'not a name of the store');
    return join(this.#root, name);
  }
}
