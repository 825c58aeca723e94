import type { LeafWrite, RecordKey } from '@coffer/protocol';
import type { Sqlite, SqlRow } from '@coffer/sqlite';
import type { NodeWrite, Path, TreeStore } from '@coffer/tree';
import { ReplicaError } from './errors.js';
import type { StoredCertificate, Tip } from './types.js';

/** A tip with what only this package needs of it. */
export interface TipRow extends Tip {
  readonly state: bigint;
  /** Leaves in the tree. */
  readonly records: bigint;
}

/** A checked entry as it lies in the table. */
export interface EntryRow extends Tip {
  readonly signed: Uint8Array;
  /** Encoded `leafWritesLayout`. */
  readonly leaves: Uint8Array;
}

export interface UndoRow {
  readonly key: Uint8Array;
  readonly old: Uint8Array | null;
}

/** Whether a certificate is the newest known, or the newest for an entry that is held. */
export const newestKnown = 0;
export const newestHeld = 1;
type CertificateKind = typeof newestKnown | typeof newestHeld;

/** What an undo record restores. */
export const undoLeaf = 0;
export const undoNode = 1;
type UndoKind = typeof undoLeaf | typeof undoNode;

/** Rows in and out of the tables of schema.ts, and no rules. Transactions are the caller's. */
export class Tables {
  readonly sqlite: Sqlite;
  readonly #keepsRows: boolean;
  readonly #tips = new Map<number, TipRow>();
  readonly #certificates = new Map<number, StoredCertificate | undefined>();

  /** @param keepsRows - whether tips and certificates, which every call asks for, are kept in memory: only for who alone writes. */
  constructor(sqlite: Sqlite, keepsRows: boolean) {
    this.sqlite = sqlite;
    this.#keepsRows = keepsRows;
  }

  /** What is kept in memory is read again: before a transaction, after one of which nobody knows how it ended, and to verify. */
  forget(): void {
    this.#tips.clear();
    this.#certificates.clear();
  }

  /** @throws ReplicaError `no-such-group`. */
  tip(group: number): TipRow {
    const kept = this.#tips.get(group);
    if (kept !== undefined) return kept;
    const row = this.sqlite.get('SELECT idx AS "index", hash, root, state, records FROM tip WHERE grp = ?', group);
    if (row === undefined) throw new ReplicaError('no-such-group', 'no such group');
    const tip = row as unknown as TipRow;
    if (this.#keepsRows) this.#tips.set(group, tip);
    return tip;
  }

  setTip(group: number, { index, hash, root, state, records }: TipRow): void {
    const sql = 'UPDATE tip SET idx = ?, hash = ?, root = ?, state = ?, records = ? WHERE grp = ?';
    this.#tips.delete(group);
    this.sqlite.run(sql, index, hash, root, state, records, group);
  }

  entry(group: number, index: bigint): EntryRow | undefined {
    return this.entries(group, index, 1)[0];
  }

  /** Up to `limit` rows without a gap, the first one at `from`. */
  entries(group: number, from: bigint, limit: number): readonly EntryRow[] {
    const sql =
      'SELECT idx AS "index", hash, root, signed, leaves FROM entry WHERE grp = ? AND idx >= ? AND idx < ? ORDER BY idx';
    const rows = this.sqlite.all(sql, group, from, from + BigInt(limit)) as unknown as readonly EntryRow[];
    return rows[0]?.index === from ? rows : [];
  }

  /** Hash of the entry that is held at `index`. */
  entryHash(group: number, index: bigint): Uint8Array | undefined {
    return this.sqlite.get('SELECT hash FROM entry WHERE grp = ? AND idx = ?', group, index)?.hash as
      | Uint8Array
      | undefined;
  }

  oldestEntry(group: number): bigint | undefined {
    return (this.sqlite.get('SELECT min(idx) AS oldest FROM entry WHERE grp = ?', group)?.oldest ?? undefined) as
      | bigint
      | undefined;
  }

  addEntry(group: number, { index, hash, root, signed, leaves }: EntryRow): void {
    this.sqlite.run('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)', group, index, hash, root, signed, leaves);
  }

  /** Forgets the entries with an index of `from` up to, not including, `to`. */
  removeEntries(group: number, from: bigint, to: bigint): void {
    this.sqlite.run('DELETE FROM entry WHERE grp = ? AND idx >= ? AND idx < ?', group, from, to);
  }

  leaf(state: bigint, key: Uint8Array): Uint8Array | undefined {
    return this.sqlite.get('SELECT sealed FROM leaf WHERE state = ? AND key = ?', state, key)?.sealed as
      | Uint8Array
      | undefined;
  }

  /** Up to `limit` leaves above `after` (all keys are above the empty string), ascending. */
  leaves(state: bigint, after: Uint8Array, limit: number): readonly LeafWrite[] {
    const sql = 'SELECT key, sealed FROM leaf WHERE state = ? AND key > ? ORDER BY key LIMIT ?';
    return this.sqlite.all(sql, state, after, limit).map(({ key, sealed }) => ({
      recordKey: key as RecordKey,
      sealed: sealed as Uint8Array,
    }));
  }

  setLeaf(state: bigint, { recordKey, sealed }: LeafWrite): void {
    const sql = 'INSERT INTO leaf VALUES (?, ?, ?) ON CONFLICT (state, key) DO UPDATE SET sealed = excluded.sealed';
    this.sqlite.run(sql, state, recordKey, sealed);
  }

  removeLeaf(state: bigint, key: Uint8Array): void {
    this.sqlite.run('DELETE FROM leaf WHERE state = ? AND key = ?', state, key);
  }

  node(state: bigint, path: Path): Uint8Array | undefined {
    return this.sqlite.get('SELECT node FROM node WHERE state = ? AND path = ?', state, path)?.node as
      | Uint8Array
      | undefined;
  }

  /** How many nodes `state` has; reads them all. */
  nodeCount(state: bigint): bigint {
    return this.sqlite.get('SELECT count(*) AS nodes FROM node WHERE state = ?', state)?.nodes as bigint;
  }

  setNode(state: bigint, { path, node }: NodeWrite): void {
    const sql = 'INSERT INTO node VALUES (?, ?, ?) ON CONFLICT (state, path) DO UPDATE SET node = excluded.node';
    this.sqlite.run(sql, state, path, node);
  }

  removeNode(state: bigint, path: Path): void {
    this.sqlite.run('DELETE FROM node WHERE state = ? AND path = ?', state, path);
  }

  /** The nodes of `state` as the tree package reads them. */
  treeStore(state: bigint): TreeStore {
    return { node: (path) => this.node(state, path) };
  }

  /** A new state without records. @returns its id, which is never used again. */
  newState(group: number): bigint {
    return this.sqlite.get('INSERT INTO state (grp) VALUES (?) RETURNING id', group)?.id as bigint;
  }

  /** States that no tip names: left over from a snapshot or from what it replaced. */
  leftoverStates(): readonly bigint[] {
    const rows = this.sqlite.all('SELECT id FROM state WHERE id NOT IN (SELECT state FROM tip)');
    return rows.map(({ id }) => id as bigint);
  }

  /**
   * Removes a state unless a tip names it: whoever gives one up may not know whether its last transaction went through.
   * Not in a transaction: in steps, which a crash may separate.
   */
  removeState(state: bigint): void {
    if (this.sqlite.get('SELECT 1 FROM tip WHERE state = ?', state) !== undefined) return;
    const steps = [
      'DELETE FROM leaf WHERE rowid IN (SELECT rowid FROM leaf WHERE state = ?1 LIMIT 1000)',
      'DELETE FROM node WHERE state = ?1 AND path IN (SELECT path FROM node WHERE state = ?1 LIMIT 1000)',
      'DELETE FROM state WHERE id = ?1',
    ];
    for (const step of steps) while (this.sqlite.run(step, state) > 0);
  }

  addUndo(group: number, index: bigint, kind: UndoKind, key: Uint8Array, old: Uint8Array | undefined): void {
    this.sqlite.run('INSERT INTO undo VALUES (?, ?, ?, ?, ?)', group, index, kind, key, old ?? null);
  }

  undo(group: number, index: bigint, kind: UndoKind): readonly UndoRow[] {
    const sql = 'SELECT key, old FROM undo WHERE grp = ? AND idx = ? AND kind = ?';
    return this.sqlite.all(sql, group, index, kind) as unknown as readonly UndoRow[];
  }

  /** Undo records of leaves from `first` to `last`, newest entry first: of several for one key, the last one is oldest. */
  undoOfLeaves(group: number, first: Uint8Array, last: Uint8Array): readonly UndoRow[] {
    const sql = 'SELECT key, old FROM undo WHERE grp = ? AND kind = 0 AND key >= ? AND key <= ? ORDER BY idx DESC';
    return this.sqlite.all(sql, group, first, last) as unknown as readonly UndoRow[];
  }

  /** Indices that have undo records, in order. */
  undoIndices(group: number): readonly bigint[] {
    const rows = this.sqlite.all('SELECT DISTINCT idx FROM undo WHERE grp = ? ORDER BY idx', group);
    return rows.map(({ idx }) => idx as bigint);
  }

  /** Forgets the undo records with an index of `from` up to, not including, `to`. */
  removeUndo(group: number, from: bigint, to: bigint): void {
    this.sqlite.run('DELETE FROM undo WHERE grp = ? AND idx >= ? AND idx < ?', group, from, to);
  }

  certificate(group: number, kind: CertificateKind): StoredCertificate | undefined {
    const place = 2 * group + kind;
    if (this.#certificates.has(place)) return this.#certificates.get(place);
    const sql = 'SELECT idx AS "index", hash, qc FROM certificate WHERE grp = ? AND held = ?';
    const row: SqlRow | undefined = this.sqlite.get(sql, group, kind);
    const certificate = row as unknown as StoredCertificate | undefined;
    if (this.#keepsRows) this.#certificates.set(place, certificate);
    return certificate;
  }

  setCertificate(group: number, kind: CertificateKind, { index, hash, qc }: StoredCertificate): void {
    this.#certificates.delete(2 * group + kind);
    this.sqlite.run('INSERT OR REPLACE INTO certificate VALUES (?, ?, ?, ?, ?)', group, kind, index, hash, qc);
  }

  /** Index of the newest entry that is certified and held; 0 when there is none. */
  committedIndex(group: number): bigint {
    return this.certificate(group, newestHeld)?.index ?? 0n;
  }
}
