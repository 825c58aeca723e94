import { CodedError } from '@coffer/base';

/**
 * `busy`: another connection held the lock longer than the busy timeout. `constraint`: a UNIQUE, CHECK, NOT NULL or
 * foreign key rule refused the row. `full`: no space left. `io`: the disk or the file system failed, or the file is
 * read-only. `corrupt`: not a database, or a damaged one. `cannot-open`: no such folder, no permission, or a file system
 * without write-ahead logging. `sql`: anything else, which is a mistake in a statement.
 */
export type SqliteErrorCode = 'busy' | 'constraint' | 'full' | 'io' | 'corrupt' | 'cannot-open' | 'sql';

/** A statement that failed. The transaction around it, if any, has changed nothing. */
export class SqliteError extends CodedError<SqliteErrorCode> {}

/** Primary result codes (https://www.sqlite.org/rescode.html), the low byte of what a driver reports. */
const CODES: Readonly<Record<number, SqliteErrorCode>> = {
  5: 'busy',
  6: 'busy',
  7: 'io',
  8: 'io',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'cannot-open',
  // A race for the locks of a write-ahead log that others open as well (https://sqlite.org/rescode.html#protocol).
  15: 'busy',
  19: 'constraint',
  26: 'corrupt',
};

/** `cause` as thrown by the driver, as a {@link SqliteError}; anything that no driver threw is passed through. */
export function sqliteError(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') return cause;
  const code = CODES[cause.errcode & 0xff] ?? 'sql';
  return new SqliteError(code, `SQLite ${code} (${cause.errcode})`, { cause });
}
