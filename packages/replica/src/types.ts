import type { ConfigHash, LeafWrite } from '@coffer/protocol';
import type { StatementHook } from '@coffer/sqlite';

/** The newest entry that is held of a group, and the tree's root after it. Index 0: the genesis hash, the empty root. */
export interface Tip {
  readonly index: bigint;
  readonly hash: Uint8Array;
  readonly root: Uint8Array;
}

/** An encoded SignedEntry and the leaves that it changed, in the order that its `leavesDigest` covers. */
export interface StoredEntry {
  readonly entry: Uint8Array;
  readonly leaves: readonly LeafWrite[];
}

/** An encoded QuorumCertificate and the place that it certifies. */
export interface StoredCertificate {
  readonly qc: Uint8Array;
  readonly index: bigint;
  readonly hash: Uint8Array;
}

/** A multi-proof against the tip's root, and the sealed leaf of each key (undefined: provably absent). */
export interface RecordProof {
  readonly proof: Uint8Array;
  readonly leaves: readonly (Uint8Array | undefined)[];
}

export interface ReplicaOptions {
  /** The database file, or `:memory:`. One process writes to it; others may open it `readOnly`. */
  readonly path: string;
  readonly configHash: ConfigHash;
  /** Groups of the fleet, 1 to 32. */
  readonly groups: number;
  /** How many entries above the newest certified one can be held, and undone. At least 1. */
  readonly undoEntriesMax: number;
  /** Writes nothing, not even the schema of a new file. */
  readonly readOnly?: boolean;
  /** For tests: called around every statement, to fail or to kill there. */
  readonly onStatement?: StatementHook;
}

/** What a group's snapshot is a snapshot of: the newest certified entry that is held. */
export interface SnapshotHead {
  readonly tipEntry: StoredEntry;
  /** Encoded QuorumCertificate for exactly this entry. */
  readonly certificate: Uint8Array;
}

/** A part of the records as they were at entry `at`, ascending by key. */
export interface SnapshotPage {
  readonly at: Tip;
  readonly leaves: readonly LeafWrite[];
  /** Where the next page starts; undefined after the last one. */
  readonly next: Uint8Array | undefined;
}

/** Counts for an operator. */
export interface GroupDescription {
  readonly group: number;
  readonly tipIndex: bigint;
  /** Newest entry that is certified and held; 0 when there is none. */
  readonly committedIndex: bigint;
  /** Newest entry that is known to be certified, held or not. */
  readonly certifiedIndex: bigint;
  /** Oldest entry whose body is held; undefined when there is none. */
  readonly oldestEntry: bigint | undefined;
  readonly records: bigint;
}
