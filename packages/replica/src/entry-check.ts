import { equalBytes, hex } from '@coffer/base';
import {
  type ConfigHash,
  decodeSignedEntry,
  entryHash,
  type LeafWrite,
  leafWritesLayout,
  leavesDigest,
} from '@coffer/protocol';
import { decode, encode, WireError } from '@coffer/wire';
import { ReplicaError } from './errors.js';
import type { EntryRow } from './tables.js';
import type { StoredEntry } from './types.js';

/** An entry that is what it says, though not yet known to follow from anything. */
export interface CheckedEntry extends EntryRow {
  readonly prevHash: Uint8Array;
  readonly writes: readonly LeafWrite[];
}

/**
 * Decodes an entry and checks it against its own leaves. Its signature is for the HSMs: a replica keeps what its agent
 * gives it, and only makes sure that it can serve it again whole.
 * @throws ReplicaError `bad-entry`, `bad-leaves`.
 */
export function checkEntry(configHash: ConfigHash, group: number, stored: StoredEntry): CheckedEntry {
  const { entry } = decoded('bad-entry', () => decodeSignedEntry(stored.entry));
  if (entry.group !== group) throw new ReplicaError('bad-entry', 'an entry of another group');
  if (!equalBytes(entry.configHash, configHash)) throw new ReplicaError('bad-entry', 'an entry of another fleet');
  const leaves = decoded('bad-leaves', () => encode(leafWritesLayout, stored.leaves));
  if (new Set(stored.leaves.map(({ recordKey }) => hex(recordKey))).size !== stored.leaves.length) {
    throw new ReplicaError('bad-leaves', 'a record is written twice');
  }
  if (!equalBytes(leavesDigest(stored.leaves), entry.leavesDigest)) {
    throw new ReplicaError('bad-leaves', 'other leaves than the entry names');
  }
  const { index, prevHash, root } = entry;
  return { index, hash: entryHash(entry), root, prevHash, signed: stored.entry, leaves, writes: stored.leaves };
}

/** The entry as it was given to be stored. */
export function storedEntry({ signed, leaves }: EntryRow): StoredEntry {
  return { entry: signed, leaves: decode(leafWritesLayout, leaves) };
}

/** What `decode` returns. @throws ReplicaError `code` when the bytes or values do not fit their layout. */
export function decoded<T>(code: 'bad-entry' | 'bad-leaves' | 'bad-certificate', decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof WireError) throw new ReplicaError(code, 'malformed', { cause });
    throw cause;
  }
}
