import type { ClientStore, DeviceStore } from './ports.js';

/** A client store that forgets when the process ends. For tests, and for an app that keeps the bytes elsewhere. */
export class MemoryClientStore implements ClientStore {
  #state: Uint8Array | undefined;

  constructor(state?: Uint8Array) {
    this.#state = state?.slice();
  }

  async load(): Promise<Uint8Array | undefined> {
    return this.#state?.slice();
  }

  async save(state: Uint8Array): Promise<void> {
    this.#state = state.slice();
  }
}

/** The same for a `BackupVault`. */
export class MemoryDeviceStore implements DeviceStore {
  readonly #slots = new Map<string, MemoryClientStore>();

  slot(name: string): ClientStore {
    const known = this.#slots.get(name) ?? new MemoryClientStore();
    this.#slots.set(name, known);
    return known;
  }
}
