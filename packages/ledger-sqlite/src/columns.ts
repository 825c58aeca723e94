import { hashBytes, LedgerError } from '@coffer/ledger';
import type { SqlRow } from '@coffer/sqlite';

/** Columns of a row that was found, with the types that the schema promises. Each throws LedgerError `corrupt`. */

export function bytesOf(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new LedgerError('corrupt', `${column} is not bytes`);
  return value;
}

export function hashOf(row: SqlRow, column: string): Uint8Array {
  const hash = bytesOf(row, column);
  if (hash.length !== hashBytes) throw new LedgerError('corrupt', `${column} is not a hash`);
  return hash;
}

export function integerOf(row: SqlRow, column: string): bigint {
  const value = row[column];
  if (typeof value !== 'bigint') throw new LedgerError('corrupt', `${column} is not an integer`);
  return value;
}
