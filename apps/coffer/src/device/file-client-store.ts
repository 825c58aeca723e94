import type { ClientStore } from '@coffer/client';
import { readFileIfAny, replaceFile } from '@coffer/host';

/** The client's state in a file that only its user may read. */
export class FileClientStore implements ClientStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<Uint8Array | undefined> {
    return readFileIfAny(this.#path);
  }

  async save(state: Uint8Array): Promise<void> {
    replaceFile(this.#path, state);
  }
}
