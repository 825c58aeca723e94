import { invariant } from '@coffer/base';
import {
  type DriverDatabase,
  type DriverName,
  type DriverStatement,
  driver,
  type SqlRow,
  type SqlValue,
} from './driver.js';
import { SqliteError, sqliteError } from './errors.js';

export const busyTimeoutMsDefault = 5_000;

/** Called around every statement, with its text. Only tests pass one: to fail or to kill at exactly this point. */
export type StatementHook = (moment: 'before' | 'after', sql: string) => void;

export interface SqliteOptions {
  /** How long a statement waits for another connection's lock; {@link busyTimeoutMsDefault} when absent. */
  readonly busyTimeoutMs?: number;
  readonly onStatement?: StatementHook;
}

/**
 * One connection to a database file, set up so that a returned call is a durable call: write-ahead log, `synchronous =
 * FULL` (the log is flushed at every commit), foreign keys enforced. Everything is synchronous.
 */
export class Sqlite {
  readonly driver: DriverName;
  readonly #database: DriverDatabase;
  readonly #onStatement: StatementHook | undefined;
  readonly #statements = new Map<string, DriverStatement>();
  #inTransaction = false;

  private constructor(database: DriverDatabase, name: DriverName, onStatement: StatementHook | undefined) {
    this.#database = database;
    this.#onStatement = onStatement;
    this.driver = name;
  }

  /**
   * Opens or creates the file at `path`; `:memory:` for a database that lives as long as this connection.
   * @throws SqliteError `cannot-open`, `corrupt`, `busy`, `io`.
   */
  static open(path: string, options: SqliteOptions = {}): Sqlite {
    const { name, open } = driver();
    const database = guarded(() => open(path));
    const sqlite = new Sqlite(database, name, options.onStatement);
    try {
      database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs ?? busyTimeoutMsDefault}`);
      const mode = sqlite.get('PRAGMA journal_mode = WAL')?.journal_mode;
      // Some network file systems refuse WAL; going on with another journal would change what a crash leaves behind.
      if (mode !== 'wal' && !(mode === 'memory' && path === ':memory:')) {
        throw new SqliteError('cannot-open', 'the file system cannot hold a write-ahead log');
      }
      // fullfsync: on macOS a plain fsync leaves the data in the drive's cache.
      database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON');
      return sqlite;
    } catch (cause) {
      sqlite.close();
      throw sqliteError(cause);
    }
  }

  /** Runs one or more statements without parameters, such as a schema. @throws SqliteError. */
  exec(sql: string): void {
    this.#step(sql, () => this.#database.exec(sql));
  }

  /** Runs one statement. @returns how many rows it changed. @throws SqliteError. */
  run(sql: string, ...parameters: readonly SqlValue[]): number {
    return this.#step(sql, () => Number(this.#prepare(sql).run(...parameters).changes));
  }

  /** First row, or undefined. Integers are `bigint`. @throws SqliteError. */
  get(sql: string, ...parameters: readonly SqlValue[]): SqlRow | undefined {
    return this.#step(sql, () => this.#prepare(sql).get(...parameters) as SqlRow | undefined);
  }

  /** All rows; bound the number with LIMIT. Integers are `bigint`. @throws SqliteError. */
  all(sql: string, ...parameters: readonly SqlValue[]): readonly SqlRow[] {
    return this.#step(sql, () => this.#prepare(sql).all(...parameters) as SqlRow[]);
  }

  /**
   * Runs `work` as one transaction that holds the write lock from its start: all of it is durable when this returns, or
   * none of it has happened when this throws. Not nestable, and `work` is synchronous.
   * @throws SqliteError, and whatever `work` throws.
   */
  transaction<T>(work: () => T): T {
    return this.#transact('BEGIN IMMEDIATE', work);
  }

  /** Runs `work`, which only reads, on one consistent state of the database. @throws as {@link transaction}. */
  read<T>(work: () => T): T {
    return this.#inTransaction ? work() : this.#transact('BEGIN', work);
  }

  /**
   * Closes the connection; every later call throws. What the log holds is first copied into the file, as far as no other
   * connection reads: the addon cannot finalize statements, so that SQLite's own copy at the last close may not happen.
   */
  close(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // Nothing is lost: the log is durable, and whoever opens the file next reads it.
    }
    this.#statements.clear();
    guarded(() => this.#database.close());
  }

  #transact<T>(begin: string, work: () => T): T {
    invariant(!this.#inTransaction, 'transactions do not nest');
    this.#inTransaction = true;
    try {
      this.#step(begin, () => this.#prepare(begin).run());
      const result = work();
      invariant(!(result instanceof Promise), 'a transaction is synchronous');
      this.#step('COMMIT', () => this.#prepare('COMMIT').run());
      return result;
    } catch (cause) {
      this.#rollback();
      throw cause;
    } finally {
      this.#inTransaction = false;
    }
  }

  #rollback(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back already (disk full, I/O error), or the commit went through and something failed after it.
      // Were a transaction still open, the next BEGIN would throw.
    }
  }

  #prepare(sql: string): DriverStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    this.#statements.set(sql, statement);
    return statement;
  }

  #step<T>(sql: string, work: () => T): T {
    this.#onStatement?.('before', sql);
    const result = guarded(work);
    this.#onStatement?.('after', sql);
    return result;
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw sqliteError(cause);
  }
}
