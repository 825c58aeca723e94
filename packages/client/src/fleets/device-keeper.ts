import type { VaultId } from '@coffer/protocol';
import { ClientError } from '../errors.js';
import type { ClientStore } from '../ports.js';
import { type DeviceState, decodeDeviceState, encodeDeviceState } from './device-state.js';

/** The device's state in memory and on disk. What is in memory is on disk. */
export class DeviceKeeper {
  readonly #store: ClientStore;
  #state: DeviceState;

  private constructor(store: ClientStore, state: DeviceState) {
    this.#store = store;
    this.#state = state;
  }

  /** @throws ClientError `store`, `bad-state`, `state-version`, `other-vault`. */
  static async load(vaultId: VaultId, store: ClientStore): Promise<DeviceKeeper> {
    const stored = await guarded(() => store.load());
    const empty = new Uint8Array(0);
    const state =
      stored === undefined
        ? {
            vaultId,
            trustRoot: empty,
            trust: empty,
            fleets: [],
            home: undefined,
            move: undefined,
            oldVaults: [],
            otherVault: undefined,
          }
        : decodeDeviceState(vaultId, stored);
    return new DeviceKeeper(store, state);
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** One atomic write; only then it counts. @throws ClientError `store`. */
  async update(changes: Partial<Omit<DeviceState, 'vaultId'>>): Promise<void> {
    const next = { ...this.#state, ...changes };
    const encoded = encodeDeviceState(next);
    await guarded(() => this.#store.save(encoded));
    this.#state = next;
  }
}

async function guarded<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    throw new ClientError('store', 'the device store failed', { cause });
  }
}
