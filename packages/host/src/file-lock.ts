import { Sqlite, SqliteError } from '@coffer/sqlite';
import { HostError } from './errors.js';

/** How long a starting process waits for one that is just letting go. */
const waitMs = 200;

/** All locks of this process. A connection that nobody refers to is collected, and its lock with it. */
const held = new Set<FileLock>();

/**
 * A lock that two processes of a machine never hold together, and that a killed process never leaves behind.
 *
 * Node has no `flock`. A file with a process id needs a guess about whether that process still lives, and two processes
 * that both guess "dead" would both take over; for an HSM that is two voters with one vote. SQLite's write lock is
 * a lock of the kernel's, which frees it when the holder dies in whatever way.
 */
export class FileLock {
  readonly #sqlite: Sqlite;

  private constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  /**
   * @param path - the lock file, made when it is not there. It stays, empty; what is beside it are SQLite's own files.
   * @throws HostError `in-use` when another process, or another lock of this one, holds it; `file`.
   */
  static acquire(path: string): FileLock {
    let sqlite: Sqlite | undefined;
    try {
      sqlite = Sqlite.open(path, { busyTimeoutMs: waitMs });
      sqlite.exec('BEGIN IMMEDIATE');
      const lock = new FileLock(sqlite);
      held.add(lock);
      return lock;
    } catch (cause) {
      sqlite?.close();
      if (!(cause instanceof SqliteError)) throw cause;
      if (cause.code === 'busy') throw new HostError('in-use', `another process holds ${path}`, { cause });
      throw new HostError('file', `cannot lock ${path} (${cause.code})`, { cause });
    }
  }

  /** Lets go; may be called again. */
  release(): void {
    if (!held.delete(this)) return;
    // A connection that is closed with statements not yet collected lives on inside SQLite, and would go on holding it.
    this.#sqlite.exec('ROLLBACK');
    this.#sqlite.close();
  }
}
