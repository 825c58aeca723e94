import { equalBytes, invariant } from '@coffer/base';
import type { LeafWrite } from '@coffer/protocol';
import { Sqlite } from '@coffer/sqlite';
import { applyEntries } from './apply.js';
import { checkCertificate, keepCertificate } from './certificates.js';
import { storedEntry } from './entry-check.js';
import { ReplicaError } from './errors.js';
import { isHeld, loadTree } from './places.js';
import { rewindTo } from './rewind.js';
import { checkSchema, createSchema } from './schema.js';
import { SnapshotInstall } from './snapshot-install.js';
import { snapshotHead, snapshotPage } from './snapshot-source.js';
import { newestKnown, Tables } from './tables.js';
import type {
  GroupDescription,
  RecordProof,
  ReplicaOptions,
  SnapshotHead,
  SnapshotPage,
  StoredCertificate,
  StoredEntry,
  Tip,
} from './types.js';
import { type VerifiedGroup, verifyGroup } from './verify.js';

/** Entries that one call of {@link Replica.entries} returns at most. */
export const entriesReadMax = 64;

/**
 * The untrusted store beside each HSM: every sealed record and tree node of the fleet, per group the recent entries, what
 * it takes to undo the uncommitted ones, and the newest certificate. Every call that writes is one durable transaction:
 * when it returns, a power cut changes nothing any more; when it throws, nothing has changed. Synchronous.
 *
 * Every method throws ReplicaError `no-such-group` for a group outside the fleet, and SqliteError when the disk fails.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #tables: Tables;
  readonly #installs = new Map<number, SnapshotInstall>();
  #together: 'no' | 'going' | 'failed' = 'no';

  private constructor(options: ReplicaOptions, tables: Tables) {
    this.#options = options;
    this.#tables = tables;
  }

  /** Opens or creates the file. @throws ReplicaError `other-fleet`, `unknown-schema`; SqliteError. */
  static open(options: ReplicaOptions): Replica {
    invariant(options.undoEntriesMax >= 1, 'undoEntriesMax is at least 1');
    const { onStatement } = options;
    const sqlite = Sqlite.open(options.path, onStatement === undefined ? {} : { onStatement });
    try {
      if (options.readOnly !== true) createSchema(sqlite, options);
      checkSchema(sqlite, options);
      const tables = new Tables(sqlite, options.readOnly !== true);
      if (options.readOnly !== true) for (const state of tables.leftoverStates()) tables.removeState(state);
      return new Replica(options, tables);
    } catch (cause) {
      sqlite.close();
      throw cause;
    }
  }

  /** The newest entry that is held. */
  tip(group: number): Tip {
    const { index, hash, root } = this.#tables.tip(group);
    return { index, hash: hash.slice(), root: root.slice() };
  }

  /**
   * One multi-proof of up to 256 records against the tip's root, with their sealed leaves in the order of the keys.
   * @throws ReplicaError `corrupt` when it would not prove anything; TreeError `over-limit`.
   */
  proof(group: number, recordKeys: readonly Uint8Array[]): RecordProof {
    return this.#tables.sqlite.read(() => {
      const { state, root } = this.#tables.tip(group);
      const tree = loadTree(this.#tables.treeStore(state), recordKeys, root);
      return { proof: tree.encodeProof(), leaves: recordKeys.map((key) => this.#tables.leaf(state, key)) };
    });
  }

  /**
   * Appends entries, each of which extends the one before, and applies their leaves. Once this has returned, the site's
   * HSM may capture the last one: every certificate then also says that a quorum of sites holds the data.
   *
   * Above the newest certified entry `undoEntriesMax` entries are held at most. To catch up over more than that, save the
   * certificate first and store up to its entry in one call, or install a snapshot.
   * @throws ReplicaError `bad-entry`, `not-next`, `bad-leaves`, `bad-root`, `forked`, `undo-full`, `corrupt`.
   */
  store(group: number, entries: readonly StoredEntry[]): void {
    const { configHash, undoEntriesMax } = this.#options;
    this.#write(() => applyEntries(this.#tables, configHash, group, entries, undoEntriesMax));
  }

  /** The entry at `index` with its leaves; undefined when it is not held (any more). */
  entry(group: number, index: bigint): StoredEntry | undefined {
    return this.entries(group, index, 1)[0];
  }

  /** Entries from `from` on without a gap, at most `limit` and {@link entriesReadMax}; none unless `from` is held. */
  entries(group: number, from: bigint, limit: number): StoredEntry[] {
    if (from < 1n || from > this.#tables.tip(group).index) return [];
    return this.#tables.entries(group, from, Math.min(limit, entriesReadMax)).map(storedEntry);
  }

  /**
   * Whether the complete state at exactly this entry is, or was, held on the chain that leads to the tip. False also for
   * an entry that was trimmed: to say "no" too often costs time only.
   */
  has(group: number, index: bigint, hash: Uint8Array): boolean {
    return isHeld(this.#tables, this.#options.configHash, group, { index, hash });
  }

  /**
   * Undoes uncommitted entries, newest first, so that the tip is at `index`, which is not above it.
   * @throws ReplicaError `undo-missing` below the newest certified entry that is held; `corrupt`.
   */
  rewind(group: number, index: bigint): void {
    this.#write(() => rewindTo(this.#tables, this.#options.configHash, group, index));
  }

  /**
   * Keeps a certificate that the caller has verified, if it is newer than what is kept (by term, then by index), be its
   * entry held or not. Once it is held, everything up to it is committed and can no longer be undone.
   * @param index - what `qc` certifies, as `hash`.
   * @throws ReplicaError `bad-certificate`; `certificates-differ` when it contradicts another one.
   */
  saveCertificate(group: number, qc: Uint8Array, index: bigint, hash: Uint8Array): void {
    const { configHash } = this.#options;
    const certificate = checkCertificate(configHash, group, qc);
    if (certificate.index !== index || !equalBytes(certificate.hash, hash)) {
      throw new ReplicaError('bad-certificate', 'for another entry');
    }
    this.#write(() => {
      this.#tables.tip(group);
      keepCertificate(this.#tables, configHash, group, certificate);
    });
  }

  /** The newest certificate that is known; its entry need not be held. */
  certificate(group: number): StoredCertificate | undefined {
    this.#tables.tip(group);
    const kept = this.#tables.certificate(group, newestKnown);
    return kept && { index: kept.index, hash: kept.hash.slice(), qc: kept.qc.slice() };
  }

  /** Forgets the entries below `belowIndex`, but no uncommitted one, and not the newest certified one that is held. */
  trim(group: number, belowIndex: bigint): void {
    this.#write(() => {
      this.#tables.tip(group);
      const committed = this.#tables.committedIndex(group);
      this.#tables.removeEntries(group, 0n, belowIndex < committed ? belowIndex : committed);
    });
  }

  /** What a snapshot of this group is certified by; undefined while nothing is committed. */
  snapshotHead(group: number): SnapshotHead | undefined {
    return this.#tables.sqlite.read(() => {
      this.#tables.tip(group);
      return snapshotHead(this.#tables, group);
    });
  }

  /**
   * Up to `limit` (at most {@link snapshotPageLeavesMax}) records above `after` (undefined: from the start), as they were
   * at the page's `at`, the newest certified entry. `at` moves on between pages; see {@link SnapshotInstall.add}.
   */
  snapshotPage(group: number, after: Uint8Array | undefined, limit: number): SnapshotPage {
    return this.#tables.sqlite.read(() => snapshotPage(this.#tables, this.#options.configHash, group, after, limit));
  }

  /** Starts to take in a snapshot; another one that is under way for this group is discarded. */
  beginSnapshot(group: number): SnapshotInstall {
    this.#tables.tip(group);
    this.#installs.get(group)?.discard();
    const install = new SnapshotInstall({
      tables: this.#tables,
      configHash: this.#options.configHash,
      group,
      write: (work) => this.#write(work),
    });
    this.#installs.set(group, install);
    return install;
  }

  /** Takes in a whole snapshot: {@link beginSnapshot}, `add` for each page, `finish`. @throws as these. */
  installSnapshot(group: number, head: SnapshotHead, pages: Iterable<readonly LeafWrite[]>): void {
    const install = this.beginSnapshot(group);
    try {
      for (const page of pages) install.add(page);
      install.finish(head);
    } finally {
      install.discard();
    }
  }

  /**
   * Runs several calls as one durable transaction, so that many groups share one flush: all of them happen or none. When
   * one of them throws, this throws, even if `work` caught it.
   */
  together<T>(work: () => T): T {
    invariant(this.#together === 'no', 'together does not nest');
    this.#together = 'going';
    try {
      return this.#transaction(() => {
        const result = work();
        invariant(this.#together === 'going', 'a call that failed was passed over');
        return result;
      });
    } finally {
      this.#together = 'no';
    }
  }

  /** Reads and checks all that is held of a group; takes long. @throws ReplicaError `corrupt`. */
  verify(group: number): VerifiedGroup {
    this.#tables.forget();
    return this.#tables.sqlite.read(() => verifyGroup(this.#tables, this.#options.configHash, group));
  }

  /** What is held, by group. */
  describe(): readonly GroupDescription[] {
    return Array.from({ length: this.#options.groups }, (_, group) => {
      const { index, records } = this.#tables.tip(group);
      return {
        group,
        tipIndex: index,
        committedIndex: this.#tables.committedIndex(group),
        certifiedIndex: this.#tables.certificate(group, newestKnown)?.index ?? 0n,
        oldestEntry: this.#tables.oldestEntry(group),
        records,
      };
    });
  }

  close(): void {
    this.#tables.sqlite.close();
  }

  #write<T>(work: () => T): T {
    if (this.#together === 'no') return this.#transaction(work);
    try {
      return work();
    } catch (cause) {
      this.#together = 'failed';
      throw cause;
    }
  }

  #transaction<T>(work: () => T): T {
    invariant(this.#options.readOnly !== true, 'this replica was opened to read');
    this.#tables.forget();
    try {
      return this.#tables.sqlite.transaction(work);
    } catch (cause) {
      // Rolled back, or committed and then something failed: the file knows.
      this.#tables.forget();
      throw cause;
    }
  }
}
