import { equalBytes } from '@coffer/base';
import {
  compareTerms,
  isSamePosition,
  isSameRow,
  LedgerError,
  type LedgerPosition,
  type LedgerRow,
  type Term,
} from '@coffer/ledger';
import type { Sqlite } from '@coffer/sqlite';
import { bytesOf, hashOf, integerOf } from './columns.js';
import { readRows } from './rows.js';
import { decodeTerm, encodeTerm } from './term-bytes.js';

/**
 * The writes of one group's log. Each function runs inside one write transaction and looks at the group's state inside
 * it: what was read before the lock was taken may be another process's past.
 */

/** A group's raised term and both ends of its log; `floor` is the position just below the first row kept. */
export interface GroupState {
  readonly term: Term;
  readonly tail: LedgerPosition;
  readonly floor: LedgerPosition;
}

/** @throws LedgerError `corrupt` if the group is not there. */
export function groupState(sqlite: Sqlite, group: number): GroupState {
  const row = sqlite.get(
    'SELECT term, tail_index, tail_hash, floor_index, floor_hash FROM log_group WHERE group_id = ?',
    group,
  );
  if (row === undefined) throw new LedgerError('corrupt', 'a group is missing');
  return {
    term: decodeTerm(bytesOf(row, 'term')),
    tail: { index: integerOf(row, 'tail_index'), hash: hashOf(row, 'tail_hash') },
    floor: { index: integerOf(row, 'floor_index'), hash: hashOf(row, 'floor_hash') },
  };
}

export function raise(sqlite: Sqlite, group: number, term: Term): 'raised' | 'superseded' {
  const order = compareTerms(term, groupState(sqlite, group).term);
  if (order > 0) sqlite.run('UPDATE log_group SET term = ? WHERE group_id = ?', encodeTerm(term), group);
  return order >= 0 ? 'raised' : 'superseded';
}

/** @param rows - checked to chain from their first. */
export function append(
  sqlite: Sqlite,
  group: number,
  term: Term,
  rows: readonly LedgerRow[],
): 'done' | 'fenced' | 'conflict' {
  const state = groupState(sqlite, group);
  if (compareTerms(state.term, term) !== 0) return 'fenced';
  return extend(sqlite, group, state, rows);
}

/** Like `append`; an empty log takes rows from any index on. */
export function refill(
  sqlite: Sqlite,
  group: number,
  term: Term,
  rows: readonly LedgerRow[],
): 'done' | 'fenced' | 'conflict' {
  const state = groupState(sqlite, group);
  if (compareTerms(state.term, term) !== 0) return 'fenced';
  const first = rows[0] as LedgerRow;
  if (state.tail.index !== 0n || first.index === 1n) return extend(sqlite, group, state, rows);
  const floor = { index: first.index - 1n, hash: first.prevHash };
  setFloor(sqlite, group, floor);
  return extend(sqlite, group, { ...state, floor, tail: floor }, rows);
}

export function truncate(
  sqlite: Sqlite,
  group: number,
  term: Term,
  base: LedgerPosition,
  proof: Uint8Array,
): 'done' | 'fenced' | 'conflict' {
  const state = groupState(sqlite, group);
  if (compareTerms(state.term, term) !== 0) return 'fenced';
  const known = positionAt(sqlite, group, state, base.index);
  if (known === undefined || !isSamePosition(known, base)) return 'conflict';
  const next = sqlite.get('SELECT term FROM log_row WHERE group_id = ? AND row_index = ?', group, base.index + 1n);
  // Rows of `term` itself came after this truncation: the call is a late repeat, and they stay.
  if (next === undefined || compareTerms(decodeTerm(bytesOf(next, 'term')), term) >= 0) return 'done';
  sqlite.run('DELETE FROM log_row WHERE group_id = ? AND row_index > ?', group, base.index);
  setTail(sqlite, group, base);
  sqlite.run(
    'INSERT OR REPLACE INTO truncation VALUES (?, ?, ?, ?, ?)',
    group,
    encodeTerm(term),
    base.index,
    base.hash,
    proof,
  );
  return 'done';
}

export function trim(sqlite: Sqlite, group: number, upToIndex: bigint): void {
  const state = groupState(sqlite, group);
  if (upToIndex <= state.floor.index) return;
  const index = upToIndex < state.tail.index ? upToIndex : state.tail.index;
  const floor = positionAt(sqlite, group, state, index);
  if (floor === undefined) throw new LedgerError('corrupt', 'a row is missing');
  sqlite.run('DELETE FROM log_row WHERE group_id = ? AND row_index <= ?', group, index);
  setFloor(sqlite, group, floor);
}

function extend(sqlite: Sqlite, group: number, { tail, floor }: GroupState, rows: readonly LedgerRow[]) {
  const [first, last] = [rows[0] as LedgerRow, rows[rows.length - 1] as LedgerRow];
  if (last.index <= tail.index && first.index > floor.index) {
    const mine = rows.flatMap((row) => readRows(sqlite, group, row.index, row.index));
    return mine.length === rows.length && mine.every((row, i) => isSameRow(row, rows[i] as LedgerRow))
      ? 'done'
      : 'conflict';
  }
  if (first.index !== tail.index + 1n || !equalBytes(first.prevHash, tail.hash)) return 'conflict';
  for (const { index, hash, prevHash, term, body } of rows) {
    sqlite.run('INSERT INTO log_row VALUES (?, ?, ?, ?, ?, ?)', group, index, hash, prevHash, encodeTerm(term), body);
  }
  setTail(sqlite, group, last);
  return 'done';
}

function positionAt(sqlite: Sqlite, group: number, state: GroupState, index: bigint): LedgerPosition | undefined {
  if (index === state.floor.index) return state.floor;
  const row = sqlite.get('SELECT hash FROM log_row WHERE group_id = ? AND row_index = ?', group, index);
  return row === undefined ? undefined : { index, hash: hashOf(row, 'hash') };
}

function setTail(sqlite: Sqlite, group: number, { index, hash }: LedgerPosition): void {
  sqlite.run('UPDATE log_group SET tail_index = ?, tail_hash = ? WHERE group_id = ?', index, hash, group);
}

function setFloor(sqlite: Sqlite, group: number, { index, hash }: LedgerPosition): void {
  sqlite.run('UPDATE log_group SET floor_index = ?, floor_hash = ? WHERE group_id = ?', index, hash, group);
}
