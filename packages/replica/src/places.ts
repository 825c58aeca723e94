import { equalBytes } from '@coffer/base';
import { type ConfigHash, genesisHash } from '@coffer/protocol';
import { emptyRoot, PartialTree, TreeError, type TreeStore } from '@coffer/tree';
import { ReplicaError } from './errors.js';
import type { Tables } from './tables.js';
import type { Tip } from './types.js';

/** The place of an entry that is held, or index 0. @throws ReplicaError `corrupt` when it is not held after all. */
export function placeOf(tables: Tables, configHash: ConfigHash, group: number, index: bigint): Tip {
  if (index === 0n) return { index, hash: genesisHash(configHash, group), root: emptyRoot };
  const entry = tables.entry(group, index);
  if (entry === undefined) throw new ReplicaError('corrupt', 'a certified or uncommitted entry is missing');
  return { index, hash: entry.hash, root: entry.root };
}

/** Whether the state at exactly this entry is, or was, held on the chain that leads to the tip. */
export function isHeld(
  tables: Tables,
  configHash: ConfigHash,
  group: number,
  at: { readonly index: bigint; readonly hash: Uint8Array },
): boolean {
  const tip = tables.tip(group);
  if (at.index < 0n || at.index > tip.index) return false;
  const hash = at.index === 0n ? genesisHash(configHash, group) : tables.entryHash(group, at.index);
  return hash !== undefined && equalBytes(hash, at.hash);
}

/** The part of the tree that `keys` need, known to belong to `root`. @throws ReplicaError `corrupt`; TreeError `over-limit`. */
export function loadTree(store: TreeStore, keys: readonly Uint8Array[], root: Uint8Array): PartialTree {
  try {
    const tree = PartialTree.load(store, keys);
    if (equalBytes(tree.root(), root)) return tree;
  } catch (cause) {
    if (!(cause instanceof TreeError && cause.code === 'bad-node')) throw cause;
    throw new ReplicaError('corrupt', 'damaged tree nodes', { cause });
  }
  throw new ReplicaError('corrupt', 'the stored tree has another root than the tip');
}
