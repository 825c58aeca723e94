import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { LeafWrite, RecordKey } from '@coffer/protocol';
import { PartialTree } from '@coffer/tree';

/** What a host stores at one entry: it keeps one for each entry of each branch, and can go back to any of them. */
export class StoredState {
  static readonly empty = new StoredState(new Map(), new Map());
  readonly #nodes: ReadonlyMap<string, Uint8Array>;
  readonly #leaves: ReadonlyMap<string, Uint8Array>;

  private constructor(nodes: ReadonlyMap<string, Uint8Array>, leaves: ReadonlyMap<string, Uint8Array>) {
    this.#nodes = nodes;
    this.#leaves = leaves;
  }

  leaf(key: RecordKey): Uint8Array | undefined {
    return this.#leaves.get(hex(key));
  }

  proof(keys: readonly RecordKey[]): Uint8Array {
    return PartialTree.load(this.#store(), keys).encodeProof();
  }

  /** The state after these writes; this one stays. */
  after(writes: readonly LeafWrite[]): StoredState {
    const tree = PartialTree.load(
      this.#store(),
      writes.map(({ recordKey }) => recordKey),
    );
    const leaves = new Map(this.#leaves);
    for (const { recordKey, sealed } of writes) {
      tree.set(recordKey, sha256(sealed));
      leaves.set(hex(recordKey), sealed);
    }
    const nodes = new Map(this.#nodes);
    for (const { path, node } of tree.changes()) nodes.set(hex(path), node);
    return new StoredState(nodes, leaves);
  }

  #store() {
    return { node: (path: Uint8Array) => this.#nodes.get(hex(path)) };
  }
}
