import { hex } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { storedEntry } from './entry-check.js';
import { placeOf } from './places.js';
import { newestHeld, type Tables } from './tables.js';
import type { SnapshotHead, SnapshotPage } from './types.js';

/** Leaves in one page at most; 2 MiB of records. */
export const snapshotPageLeavesMax = 1024;

/** The newest certified entry that is held, with its certificate; undefined before the first one. */
export function snapshotHead(tables: Tables, group: number): SnapshotHead | undefined {
  const certificate = tables.certificate(group, newestHeld);
  const entry = certificate && tables.entry(group, certificate.index);
  return entry && { tipEntry: storedEntry(entry), certificate: certificate.qc };
}

/**
 * Records above `after` as they were at the newest certified entry that is held: what uncommitted entries have done to
 * them is undone on the way out, so that a site never copies what may still be rewound.
 */
export function snapshotPage(
  tables: Tables,
  configHash: ConfigHash,
  group: number,
  after: Uint8Array | undefined,
  limit: number,
): SnapshotPage {
  const { state } = tables.tip(group);
  const at = placeOf(tables, configHash, group, tables.committedIndex(group));
  const count = Math.max(1, Math.min(limit, snapshotPageLeavesMax));
  const rows = tables.leaves(state, after ?? new Uint8Array(0), count);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return { at, leaves: [], next: undefined };

  const before = new Map<string, Uint8Array | null>();
  for (const { key, old } of tables.undoOfLeaves(group, first.recordKey, last.recordKey)) before.set(hex(key), old);
  const leaves = rows.flatMap(({ recordKey, sealed }) => {
    const old = before.get(hex(recordKey));
    if (old === undefined) return [{ recordKey, sealed }];
    return old === null ? [] : [{ recordKey, sealed: old }];
  });
  return { at, leaves, next: rows.length < count ? undefined : last.recordKey };
}
