import type { Nvram } from './ports.js';

/** An NVRAM in memory; outlives the `Hsm` that uses it, so that a restart can be played through. */
export class MemoryNvram implements Nvram {
  #bytes: Uint8Array | undefined;

  constructor(bytes?: Uint8Array) {
    this.#bytes = bytes?.slice();
  }

  load(): Uint8Array | undefined {
    return this.#bytes?.slice();
  }

  persist(bytes: Uint8Array): void {
    this.#bytes = bytes.slice();
  }
}
