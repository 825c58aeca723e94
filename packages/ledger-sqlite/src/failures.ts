import { LedgerError, type LedgerErrorCode } from '@coffer/ledger';
import { SqliteError, type SqliteErrorCode } from '@coffer/sqlite';

/** A statement that our own schema refuses means that the file's schema is not ours. */
const CODES: Readonly<Record<SqliteErrorCode, LedgerErrorCode>> = {
  busy: 'unavailable',
  full: 'unavailable',
  io: 'unavailable',
  'cannot-open': 'unavailable',
  corrupt: 'corrupt',
  constraint: 'corrupt',
  sql: 'corrupt',
};

/** `error` as the contract names it; anything but a SqliteError is passed through. */
export function ledgerError(error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error;
  return new LedgerError(CODES[error.code], `SQLite: ${error.code}`, { cause: error });
}
