import { invariant } from '@coffer/base';
import type { ConfigHash, RecordKey } from '@coffer/protocol';
import type { Path } from '@coffer/tree';
import { ReplicaError } from './errors.js';
import { loadTree, placeOf } from './places.js';
import { type Tables, type TipRow, undoLeaf, undoNode } from './tables.js';

/**
 * Undoes the entries above `index`, newest first; runs inside a transaction.
 * @throws ReplicaError `undo-missing` below what is committed; `corrupt`.
 */
export function rewindTo(tables: Tables, configHash: ConfigHash, group: number, index: bigint): void {
  const tip = tables.tip(group);
  invariant(index <= tip.index, 'a rewind does not go forward');
  if (index < tables.committedIndex(group)) throw new ReplicaError('undo-missing', 'below what is committed');
  if (index === tip.index) return;
  let { records } = tip;
  for (let at = tip.index; at > index; at--) records -= undoEntry(tables, group, tip, at);
  tables.removeUndo(group, index + 1n, tip.index + 1n);

  const target = placeOf(tables, configHash, group, index);
  tables.removeEntries(group, index + 1n, tip.index + 1n);
  loadTree(tables.treeStore(tip.state), [], target.root);
  tables.setTip(group, { ...target, state: tip.state, records });
}

/** @returns how many records the entry had added. */
function undoEntry(tables: Tables, group: number, { state }: TipRow, index: bigint): bigint {
  let added = 0n;
  for (const { key, old } of tables.undo(group, index, undoLeaf)) {
    if (old === null) {
      tables.removeLeaf(state, key);
      added += 1n;
    } else {
      tables.setLeaf(state, { recordKey: key as RecordKey, sealed: old });
    }
  }
  for (const { key, old } of tables.undo(group, index, undoNode)) {
    if (old === null) tables.removeNode(state, key as Path);
    else tables.setNode(state, { path: key as Path, node: old });
  }
  return added;
}
