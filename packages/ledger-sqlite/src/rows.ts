import { equalBytes } from '@coffer/base';
import { LedgerError, type LedgerPosition, type LedgerRow, readBytesMax } from '@coffer/ledger';
import type { Sqlite, SqlRow } from '@coffer/sqlite';
import { bytesOf, hashOf, integerOf } from './columns.js';
import { decodeTerm } from './term-bytes.js';

/** Rows of a group with `fromIndex <= index <= toIndex`, as they are. */
export function readRows(sqlite: Sqlite, group: number, fromIndex: bigint, toIndex: bigint): LedgerRow[] {
  const found = sqlite.all(
    'SELECT row_index, hash, prev_hash, term, body FROM log_row WHERE group_id = ? AND row_index BETWEEN ? AND ? ORDER BY row_index',
    group,
    fromIndex,
    toIndex,
  );
  return found.map(rowOf);
}

/**
 * The part of the log that a `read` returns: up to `limit` rows, and no more bytes than `readBytesMax` after the first.
 * @param fromIndex - above the floor and not above `tail`.
 * @throws LedgerError `corrupt` if rows are missing or do not chain up to `tail`.
 */
export function readWindow(
  sqlite: Sqlite,
  group: number,
  fromIndex: bigint,
  limit: number,
  tail: LedgerPosition,
): LedgerRow[] {
  const rows = readRows(sqlite, group, fromIndex, lastIndex(sqlite, group, fromIndex, limit));
  rows.forEach((row, i) => {
    const previous = rows[i - 1];
    const isLinked = previous === undefined || equalBytes(row.prevHash, previous.hash);
    const isTail = row.index !== tail.index || equalBytes(row.hash, tail.hash);
    if (row.index !== fromIndex + BigInt(i) || !isLinked || !isTail) {
      throw new LedgerError('corrupt', 'rows do not chain');
    }
  });
  if (rows.length === 0) throw new LedgerError('corrupt', 'a row is missing');
  return rows;
}

/** Looks at lengths alone, so that a thousand large bodies are never in memory at once. */
function lastIndex(sqlite: Sqlite, group: number, fromIndex: bigint, limit: number): bigint {
  let last = fromIndex;
  let bytes = 0n;
  const sizes = sqlite.all(
    'SELECT row_index, length(body) AS bytes FROM log_row WHERE group_id = ? AND row_index >= ? ORDER BY row_index LIMIT ?',
    group,
    fromIndex,
    limit,
  );
  for (const size of sizes) {
    bytes += integerOf(size, 'bytes');
    if (bytes > readBytesMax && integerOf(size, 'row_index') !== fromIndex) break;
    last = integerOf(size, 'row_index');
  }
  return last;
}

function rowOf(row: SqlRow): LedgerRow {
  return {
    index: integerOf(row, 'row_index'),
    hash: hashOf(row, 'hash'),
    prevHash: hashOf(row, 'prev_hash'),
    term: decodeTerm(bytesOf(row, 'term')),
    body: bytesOf(row, 'body'),
  };
}
