import { readFileIfAny, replaceFile } from '@coffer/host';
import type { Nvram } from '@coffer/hsm';

/** SIMULATED HARDWARE: non-volatile memory in a file. It survives power cuts, and not a person who puts an old copy back. */
export class FileNvram implements Nvram {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  load(): Uint8Array | undefined {
    return readFileIfAny(this.#path);
  }

  persist(bytes: Uint8Array): void {
    replaceFile(this.#path, bytes);
  }
}
