import { decodeArtifact, decodeLeaf, type FleetArtifact, type Leaf } from '@coffer/transparency';
import { AuditorError } from './errors.js';
import type { AuditLog } from './log/audit-log.js';
import type { GuardedStore } from './store/guarded-store.js';
import { artifactName } from './store/names.js';

/** The logged epochs with their artifacts; what is gone was taken away. Methods throw AuditorError `log-damaged`. */
export class LoggedEpochs {
  readonly #log: AuditLog;
  readonly #store: GuardedStore;

  constructor(log: AuditLog, store: GuardedStore) {
    this.#log = log;
    this.#store = store;
  }

  leafAt(epoch: number): { readonly leaf: Leaf; readonly bytes: Uint8Array } {
    const bytes = this.#log.leaf(epoch);
    if (bytes === undefined) throw new AuditorError('log-damaged', 'a leaf is gone');
    return { leaf: decodeLeaf(bytes), bytes };
  }

  /** Bytes of an artifact that was signed, logged or not. */
  artifact(digest: Uint8Array): Uint8Array {
    const bytes = this.#store.read(artifactName(digest));
    if (bytes === undefined) throw new AuditorError('log-damaged', 'an artifact is gone');
    return bytes;
  }

  newestArtifact(): FleetArtifact | undefined {
    const { newest } = this.#log;
    return newest === undefined ? undefined : decodeArtifact(this.artifact(newest.leaf.digest));
  }

  /** When the newest one was signed; 0 before the first. */
  newestTimestampMs(): number {
    const record = this.#log.size === 0 ? undefined : this.#log.record(this.#log.size);
    return record?.message.timestampMs ?? 0;
  }
}
