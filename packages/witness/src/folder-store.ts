import { join } from 'node:path';
import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { readFileIfAny, replaceFile } from '@coffer/host';
import type { WitnessStore } from './ports.js';

/** One durable file a log. Whoever opens it holds a lock on the folder. */
export class FolderWitnessStore implements WitnessStore {
  readonly #root: string;

  /** @param root - an existing folder. */
  constructor(root: string) {
    this.#root = root;
  }

  read(origin: string): Uint8Array | undefined {
    return readFileIfAny(this.#path(origin));
  }

  write(origin: string, bytes: Uint8Array): void {
    replaceFile(this.#path(origin), bytes);
  }

  /** Origins hold slashes, and may be longer than a file's name. The file begins with a digest and then names its log. */
  #path(origin: string): string {
    return join(this.#root, `${hex(sha256(utf8(origin)))}.checkpoint`);
  }
}
