import { join } from 'node:path';
import type { ClientStore, DeviceStore } from '@coffer/client';
import { readFileIfAny, replaceFile } from '@coffer/host';

/** The client's state in files that only their user may read: one for the device, one for each fleet. */
export class FileDeviceStore implements DeviceStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  slot(name: string): ClientStore {
    const path = join(this.#folder, `${name}.bin`);
    return {
      load: async () => readFileIfAny(path),
      save: async (state) => replaceFile(path, state),
    };
  }
}
