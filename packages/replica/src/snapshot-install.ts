import { equalBytes, invariant } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { type ConfigHash, type LeafWrite, leafWriteLayout } from '@coffer/protocol';
import { type NodeWrite, TreeBuilder } from '@coffer/tree';
import { encode } from '@coffer/wire';
import { checkCertificate, keepCertificate } from './certificates.js';
import { checkEntry, decoded } from './entry-check.js';
import { ReplicaError } from './errors.js';
import { newestKnown, type Tables } from './tables.js';
import type { SnapshotHead } from './types.js';

/** Leaves that one step of {@link SnapshotInstall.build} reads. */
const buildLeaves = 1024;

/** What an install needs of its replica. */
export interface InstallContext {
  readonly tables: Tables;
  readonly configHash: ConfigHash;
  readonly group: number;
  /** Runs its argument as one durable transaction. */
  readonly write: <T>(work: () => T) => T;
}

/**
 * A snapshot on its way in. Everything goes into a state of its own beside the one in force; only `finish` touches that,
 * in one small transaction. A crash at any point before leaves the old state, and the next `Replica.open` removes the rest.
 */
export class SnapshotInstall {
  readonly #context: InstallContext;
  readonly #state: bigint;
  readonly #builder: TreeBuilder;
  readonly #nodes: NodeWrite[] = [];
  #phase: 'adding' | 'building' | 'built' | 'over' = 'adding';
  #records = 0n;
  #after: Uint8Array = new Uint8Array(0);

  constructor(context: InstallContext) {
    this.#context = context;
    this.#state = context.write(() => context.tables.newState(context.group));
    this.#builder = new TreeBuilder((node) => this.#nodes.push(node));
  }

  /**
   * Stages records durably, in any order; of several for one key the last one counts. So pages that were read at
   * different entries are made good by adding the leaves of every entry in between after them, and the root tells whether
   * that was done right.
   * @throws ReplicaError `bad-leaves` when a record has another size.
   */
  add(leaves: readonly LeafWrite[]): void {
    invariant(this.#phase === 'adding', 'records are added before the tree is built');
    const { tables, write } = this.#context;
    for (const leaf of leaves) decoded('bad-leaves', () => encode(leafWriteLayout, leaf));
    write(() => {
      for (const leaf of leaves) tables.setLeaf(this.#state, leaf);
    });
  }

  /** Builds the next part of the tree; call it until it returns true, and let other work go on in between. */
  build(): boolean {
    invariant(this.#phase !== 'over', 'a snapshot is installed once');
    if (this.#phase === 'built') return true;
    this.#phase = 'building';
    const { tables, write } = this.#context;
    const leaves = tables.leaves(this.#state, this.#after, buildLeaves);
    for (const { recordKey, sealed } of leaves) this.#builder.add({ key: recordKey, contentHash: sha256(sealed) });
    write(() => {
      for (const node of this.#nodes.splice(0)) tables.setNode(this.#state, node);
    });
    this.#records += BigInt(leaves.length);
    this.#after = leaves.at(-1)?.recordKey ?? this.#after;
    if (leaves.length === buildLeaves) return false;
    this.#phase = 'built';
    return true;
  }

  /**
   * Puts the snapshot in force if it is the state at `head`, whose certificate the caller has verified. On an error it is
   * discarded, and the group is as it was.
   * @throws ReplicaError `bad-entry`, `bad-leaves`, `bad-certificate`, `bad-root`; `older-snapshot` if it is behind the
   *   tip; `certificates-differ` if it contradicts the newest certificate.
   */
  finish(head: SnapshotHead): void {
    try {
      while (!this.build());
      this.#install(head);
    } catch (cause) {
      this.discard();
      throw cause;
    }
  }

  /** Gives up. @throws nothing after `finish`: then it does nothing. */
  discard(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#context.tables.removeState(this.#state);
  }

  #install(head: SnapshotHead): void {
    const { tables, configHash, group, write } = this.#context;
    const entry = checkEntry(configHash, group, head.tipEntry);
    const certificate = checkCertificate(configHash, group, head.certificate);
    if (certificate.index !== entry.index || !equalBytes(certificate.hash, entry.hash)) {
      throw new ReplicaError('bad-certificate', 'a certificate for another entry');
    }
    // The root node itself is only known to the builder once it is finished.
    const root = this.#builder.finish();
    if (!equalBytes(root, entry.root)) throw new ReplicaError('bad-root', 'the records do not lead to this root');

    const replaced = write(() => {
      for (const node of this.#nodes.splice(0)) tables.setNode(this.#state, node);
      const tip = tables.tip(group);
      if (entry.index < tip.index) throw new ReplicaError('older-snapshot', 'behind the tip');
      const newest = tables.certificate(group, newestKnown);
      if (newest?.index === entry.index && !equalBytes(newest.hash, entry.hash)) {
        throw new ReplicaError('certificates-differ', 'another entry is certified at this index');
      }
      tables.removeUndo(group, 0n, tip.index + 1n);
      tables.removeEntries(group, 0n, tip.index + 1n);
      tables.addEntry(group, entry);
      const { index, hash } = entry;
      tables.setTip(group, { index, hash, root, state: this.#state, records: this.#records });
      keepCertificate(tables, configHash, group, certificate);
      return tip.state;
    });
    this.#phase = 'over';
    tables.removeState(replaced);
  }
}
