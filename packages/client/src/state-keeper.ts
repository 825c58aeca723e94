import { zero } from '@coffer/base';
import type { Vault } from '@coffer/protocol';
import { ClientError } from './errors.js';
import type { ClientStore } from './ports.js';
import { type ClientState, decodeClientState, emptyState, encodeClientState } from './state.js';

/** The state in memory and on disk. What is in memory is on disk. */
export class StateKeeper {
  readonly #store: ClientStore;
  #state: ClientState;

  private constructor(store: ClientStore, state: ClientState) {
    this.#store = store;
    this.#state = state;
  }

  /** @throws ClientError `store`, `bad-state`, `state-version`, `other-vault`. */
  static async load(vault: Vault, store: ClientStore): Promise<StateKeeper> {
    const stored = await guarded(() => store.load());
    const state = stored === undefined ? emptyState(vault) : decodeClientState(vault, stored);
    if (stored !== undefined) zero(stored);
    return new StateKeeper(store, state);
  }

  get state(): ClientState {
    return this.#state;
  }

  /**
   * Saves the state with `changes`; only then it counts. When the store fails, the old state stays in memory, and the
   * disk holds either: every flow works from both.
   * @throws ClientError `store`.
   */
  async update(changes: Partial<Omit<ClientState, 'configHash' | 'vaultId'>>): Promise<void> {
    const next = { ...this.#state, ...changes };
    const encoded = encodeClientState(next);
    await guarded(() => this.#store.save(encoded));
    this.#state = next;
  }
}

async function guarded<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    throw new ClientError('store', 'the client store failed', { cause });
  }
}
