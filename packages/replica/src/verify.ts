import { equalBytes, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { type ConfigHash, genesisHash } from '@coffer/protocol';
import { emptyRoot, TreeBuilder, type TreeStore } from '@coffer/tree';
import { checkEntry, storedEntry } from './entry-check.js';
import { ReplicaError } from './errors.js';
import { loadTree, placeOf } from './places.js';
import { newestHeld, newestKnown, type Tables, type TipRow, undoLeaf, undoNode } from './tables.js';
import type { Tip } from './types.js';

/** A group that was read as a whole and found to be sound. */
export interface VerifiedGroup {
  readonly tip: Tip;
  readonly records: bigint;
  readonly nodes: bigint;
  readonly entries: bigint;
}

/**
 * Reads everything that is held of a group and checks it against itself: the tree recomputed from the leaves, every node,
 * the chain of entries, the certificates, and where each undo record leads. Takes time in proportion to the records.
 * @throws ReplicaError `corrupt`.
 */
export function verifyGroup(tables: Tables, configHash: ConfigHash, group: number): VerifiedGroup {
  try {
    const tip = tables.tip(group);
    const nodes = verifyTree(tables, tip);
    const entries = verifyChain(tables, configHash, group, tip);
    verifyCertificates(tables, configHash, group, tip);
    verifyUndo(tables, configHash, group, tip);
    return { tip: { index: tip.index, hash: tip.hash, root: tip.root }, records: tip.records, nodes, entries };
  } catch (cause) {
    if (cause instanceof ReplicaError && cause.code !== 'corrupt' && cause.code !== 'no-such-group') {
      throw new ReplicaError('corrupt', 'a damaged entry', { cause });
    }
    throw cause;
  }
}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ReplicaError('corrupt', what);
}

function verifyTree(tables: Tables, { state, root, records }: TipRow): bigint {
  let nodes = 0n;
  const builder = new TreeBuilder(({ path, node }) => {
    const stored = tables.node(state, path);
    demand(stored !== undefined && equalBytes(stored, node), 'a tree node differs from what the leaves make');
    nodes++;
  });
  let leaves = 0n;
  let after: Uint8Array | undefined = new Uint8Array(0);
  while (after !== undefined) {
    const page = tables.leaves(state, after, 1000);
    for (const { recordKey, sealed } of page) builder.add({ key: recordKey, contentHash: sha256(sealed) });
    leaves += BigInt(page.length);
    after = page.at(-1)?.recordKey;
  }
  demand(equalBytes(builder.finish(), root), 'the leaves make another root than the tip has');
  demand(tables.nodeCount(state) === nodes, 'there are tree nodes that belong to nothing');
  demand(leaves === records, 'the count of records is wrong');
  return nodes;
}

function verifyChain(tables: Tables, configHash: ConfigHash, group: number, tip: TipRow): bigint {
  const oldest = tables.oldestEntry(group);
  if (oldest === undefined) {
    demand(tip.index === 0n && equalBytes(tip.root, emptyRoot), 'the entry at the tip is missing');
    demand(equalBytes(tip.hash, genesisHash(configHash, group)), 'the tip is not the genesis');
    return 0n;
  }
  demand(oldest <= (tables.committedIndex(group) || 1n), 'an uncommitted entry is missing');
  let prevHash: Uint8Array | undefined = oldest === 1n ? genesisHash(configHash, group) : undefined;
  let hash: Uint8Array | undefined;
  for (let index = oldest; index <= tip.index; index++) {
    const row = tables.entry(group, index);
    demand(row !== undefined, 'there is a gap in the entries');
    const entry = checkEntry(configHash, group, storedEntry(row));
    demand(entry.index === index && equalBytes(entry.hash, row.hash), 'an entry is filed in the wrong place');
    demand(equalBytes(entry.root, row.root), 'an entry is filed under another root');
    demand(prevHash === undefined || equalBytes(entry.prevHash, prevHash), 'an entry does not follow the one before');
    prevHash = hash = row.hash;
  }
  demand(hash !== undefined && equalBytes(hash, tip.hash), 'the tip is not the last entry');
  demand(tables.entry(group, tip.index + 1n) === undefined, 'there are entries above the tip');
  return tip.index - oldest + 1n;
}

function verifyCertificates(tables: Tables, configHash: ConfigHash, group: number, tip: TipRow): void {
  const held = tables.certificate(group, newestHeld);
  if (held === undefined) return;
  demand(held.index <= tip.index, 'a certificate is held for an entry above the tip');
  const { hash } = placeOf(tables, configHash, group, held.index);
  demand(equalBytes(hash, held.hash), 'a certificate is held for another entry');
  const newest = tables.certificate(group, newestKnown);
  demand(newest !== undefined && newest.index >= held.index, 'the newest certificate is missing');
}

/** Walks back from the tip over the undo records without writing, and checks each root that this leads to. */
function verifyUndo(tables: Tables, configHash: ConfigHash, group: number, tip: TipRow): void {
  const committed = tables.committedIndex(group);
  for (const index of tables.undoIndices(group)) {
    demand(index > committed && index <= tip.index, 'there are undo records of no uncommitted entry');
  }
  const nodes = new Map<string, Uint8Array | undefined>();
  const store = tables.treeStore(tip.state);
  const before: TreeStore = {
    node: (path) => (nodes.has(hex(path)) ? nodes.get(hex(path)) : store.node(path)),
  };
  for (let index = tip.index; index > committed; index--) {
    for (const { key, old } of tables.undo(group, index, undoNode)) nodes.set(hex(key), old ?? undefined);
    const leaves = tables.undo(group, index, undoLeaf);
    const { root } = placeOf(tables, configHash, group, index - 1n);
    const keys = leaves.map(({ key }) => key);
    const tree = loadTree(before, keys, root);
    for (const { key, old } of leaves) {
      const expected = tree.get(key);
      const found = old === null ? undefined : sha256(old);
      const same = expected && found ? equalBytes(expected, found) : expected === found;
      demand(same, 'an undo record holds another leaf than its root');
    }
  }
}
