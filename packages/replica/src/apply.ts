import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { ConfigHash } from '@coffer/protocol';
import { markNewest } from './certificates.js';
import { type CheckedEntry, checkEntry } from './entry-check.js';
import { ReplicaError } from './errors.js';
import { loadTree } from './places.js';
import { newestKnown, type Tables, type TipRow, undoLeaf, undoNode } from './tables.js';
import type { StoredEntry, Tip } from './types.js';

/**
 * Puts entries on top of a group's tip; runs inside a transaction that the caller rolls back on any error.
 * @throws ReplicaError `bad-entry`, `bad-leaves`, `not-next`, `bad-root`, `forked`, `undo-full`, `corrupt`.
 */
export function applyEntries(
  tables: Tables,
  configHash: ConfigHash,
  group: number,
  entries: readonly StoredEntry[],
  undoEntriesMax: number,
): void {
  let tip = tables.tip(group);
  const chain = checkChain(configHash, group, tip, entries);
  const last = chain.at(-1);
  if (last === undefined) return;

  const committed = committedAfter(tables, group, tip, chain);
  if (last.index - committed > BigInt(undoEntriesMax)) {
    throw new ReplicaError('undo-full', `more than ${undoEntriesMax} entries without a certificate`);
  }
  for (const entry of chain) tip = applyEntry(tables, group, tip, entry, entry.index > committed);
  tables.setTip(group, tip);
  markNewest(tables, configHash, group);
}

function checkChain(
  configHash: ConfigHash,
  group: number,
  tip: Tip,
  entries: readonly StoredEntry[],
): readonly CheckedEntry[] {
  let last: { readonly index: bigint; readonly hash: Uint8Array } = tip;
  return entries.map((stored) => {
    const entry = checkEntry(configHash, group, stored);
    if (entry.index !== last.index + 1n || !equalBytes(entry.prevHash, last.hash)) {
      throw new ReplicaError('not-next', 'does not extend the tip');
    }
    last = entry;
    return entry;
  });
}

/**
 * The committed index once `chain` is stored. A chain that leaves out the newest certified entry is refused: a quorum
 * holds that one, so nothing that grows here could ever be captured by a quorum.
 */
function committedAfter(tables: Tables, group: number, tip: Tip, chain: readonly CheckedEntry[]): bigint {
  const held = tables.committedIndex(group);
  const newest = tables.certificate(group, newestKnown);
  if (newest === undefined || newest.index <= held) return held;
  const reached = chain.find(({ index }) => index === newest.index);
  if (newest.index <= tip.index || (reached !== undefined && !equalBytes(reached.hash, newest.hash))) {
    throw new ReplicaError('forked', 'leaves out the newest certified entry');
  }
  return reached?.index ?? held;
}

function applyEntry(tables: Tables, group: number, tip: TipRow, entry: CheckedEntry, undoable: boolean): TipRow {
  const { state } = tip;
  const keys = entry.writes.map(({ recordKey }) => recordKey);
  const tree = loadTree(tables.treeStore(state), keys, tip.root);
  let { records } = tip;
  for (const { recordKey, sealed } of entry.writes) {
    if (tree.get(recordKey) === undefined) records += 1n;
    tree.set(recordKey, sha256(sealed));
  }
  if (!equalBytes(tree.root(), entry.root)) throw new ReplicaError('bad-root', 'the leaves do not lead to this root');

  for (const write of entry.writes) {
    if (undoable) {
      tables.addUndo(group, entry.index, undoLeaf, write.recordKey, tables.leaf(state, write.recordKey));
    }
    tables.setLeaf(state, write);
  }
  for (const write of tree.changes()) {
    if (undoable) tables.addUndo(group, entry.index, undoNode, write.path, tables.node(state, write.path));
    tables.setNode(state, write);
  }
  tables.addEntry(group, entry);
  return { index: entry.index, hash: entry.hash, root: entry.root, state, records };
}
