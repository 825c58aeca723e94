import { type Clock, sleep, type Timers } from '@coffer/base';
import {
  checkAppend,
  checkFleet,
  checkGroup,
  checkLeaderId,
  checkLease,
  checkRead,
  checkRestore,
  checkTerm,
  checkTruncate,
  type LeaderLease,
  type Ledger,
  LedgerError,
  type LedgerFleet,
  type LedgerPosition,
  type LedgerRow,
  type LedgerTail,
  type Term,
} from '@coffer/ledger';
import { Sqlite, SqliteError } from '@coffer/sqlite';
import { ledgerError } from './failures.js';
import { acquireLease, releaseLease } from './lease.js';
import { append, groupState, raise, refill, trim, truncate } from './log.js';
import { readWindow } from './rows.js';
import { establish } from './schema.js';
import { watchGroup } from './watch.js';

/** SQLite waits this long for another process's lock, which blocks this process; then the ledger waits without blocking. */
const BUSY_TIMEOUT_MS = 20;
/** First pause between two tries; each later one is twice as long, up to `PAUSE_MS_MAX`. */
const PAUSE_MS_MIN = 2;
const PAUSE_MS_MAX = 100;
/** Pauses of one call, in all about six seconds. */
export const triesMax = 64;

/** What a `SqliteLedger` takes from outside. */
export interface SqliteLedgerPorts {
  /** Clock of the leases; all processes on one file share the machine's. */
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * A ledger in one SQLite file, used by any number of processes of one machine at the same time. The machine and its
 * disk are a single point of failure for ordering; the records themselves are in the replicas.
 *
 * Every write is one transaction that holds SQLite's write lock and is flushed to the disk before the call resolves.
 * A process that is killed inside it leaves nothing behind. Statements are synchronous and short; while another process
 * holds the lock this one waits on its timers.
 */
export class SqliteLedger implements Ledger {
  readonly lease: LeaderLease;
  readonly #sqlite: Sqlite;
  readonly #fleet: LedgerFleet;
  readonly #ports: SqliteLedgerPorts;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  private constructor(sqlite: Sqlite, fleet: LedgerFleet, ports: SqliteLedgerPorts) {
    this.#sqlite = sqlite;
    this.#fleet = fleet;
    this.#ports = ports;
    this.lease = {
      acquire: async (group, holder, ttlMs) => {
        this.#check(group);
        checkLease(holder, ttlMs);
        return this.#write(() => acquireLease(sqlite, group, holder, ttlMs, Math.trunc(ports.clock.nowMs())));
      },
      release: async (group, holder) => {
        this.#check(group);
        checkLeaderId(holder);
        return this.#write(() => releaseLease(sqlite, group, holder));
      },
    };
  }

  /**
   * Opens the ledger at `path`, or creates it if there is no file or an empty one. The folder must be on a local disk.
   * @throws LedgerError `other-fleet`; `corrupt` if the file is something else; `unavailable`; `over-limit` for `fleet`.
   */
  static async open(path: string, fleet: LedgerFleet, ports: SqliteLedgerPorts): Promise<SqliteLedger> {
    checkFleet(fleet);
    const sqlite = await retried(ports.timers, () => Sqlite.open(path, { busyTimeoutMs: BUSY_TIMEOUT_MS }));
    try {
      await retried(ports.timers, () => sqlite.transaction(() => establish(sqlite, fleet)));
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return new SqliteLedger(sqlite, fleet, ports);
  }

  async tail(group: number): Promise<LedgerTail> {
    this.#check(group);
    const { term, tail } = await this.#read(() => groupState(this.#sqlite, group));
    return { term, ...tail };
  }

  async raiseTerm(group: number, term: Term): Promise<'raised' | 'superseded'> {
    this.#check(group);
    checkTerm(term);
    return this.#write(() => raise(this.#sqlite, group, term));
  }

  async append(
    group: number,
    term: Term,
    expectedTail: LedgerPosition,
    rows: readonly LedgerRow[],
  ): Promise<'appended' | 'fenced' | 'conflict'> {
    this.#check(group);
    checkAppend(term, expectedTail, rows);
    const outcome = await this.#write(() => append(this.#sqlite, group, term, rows));
    return outcome === 'done' ? 'appended' : outcome;
  }

  async read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]> {
    this.#check(group);
    checkRead(limit);
    return this.#read(() => {
      const { floor, tail } = groupState(this.#sqlite, group);
      if (fromIndex <= floor.index) throw new LedgerError('trimmed', 'below the window');
      return fromIndex > tail.index ? [] : readWindow(this.#sqlite, group, fromIndex, limit, tail);
    });
  }

  watch(group: number, onChange: () => void): () => void {
    this.#check(group);
    const stopPolling = watchGroup(this.#ports.timers, () => groupState(this.#sqlite, group), onChange);
    const stop = (): void => {
      stopPolling();
      this.#stops.delete(stop);
    };
    this.#stops.add(stop);
    return stop;
  }

  async truncateAfter(
    group: number,
    term: Term,
    base: LedgerPosition,
    proof: Uint8Array,
  ): Promise<'truncated' | 'fenced' | 'conflict'> {
    this.#check(group);
    checkTruncate(term, base, proof);
    const outcome = await this.#write(() => truncate(this.#sqlite, group, term, base, proof));
    return outcome === 'done' ? 'truncated' : outcome;
  }

  async restore(group: number, term: Term, rows: readonly LedgerRow[]): Promise<'restored' | 'fenced' | 'conflict'> {
    this.#check(group);
    checkRestore(term, rows);
    const outcome = await this.#write(() => refill(this.#sqlite, group, term, rows));
    return outcome === 'done' ? 'restored' : outcome;
  }

  async trim(group: number, upToIndex: bigint): Promise<void> {
    this.#check(group);
    return this.#write(() => trim(this.#sqlite, group, upToIndex));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of [...this.#stops]) stop();
    this.#sqlite.close();
  }

  #check(group: number): void {
    this.#checkOpen();
    checkGroup(this.#fleet, group);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LedgerError('unavailable', 'the handle is closed');
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#try(() => this.#sqlite.transaction(work));
  }

  #read<T>(work: () => T): Promise<T> {
    return this.#try(() => this.#sqlite.read(work));
  }

  #try<T>(work: () => T): Promise<T> {
    return retried(this.#ports.timers, () => {
      this.#checkOpen();
      return work();
    });
  }
}

/** Runs `work` until no other process holds the lock. @throws LedgerError; `unavailable` after `triesMax`. */
async function retried<T>(timers: Timers, work: () => T): Promise<T> {
  for (let tries = 1, pauseMs = PAUSE_MS_MIN; ; tries++, pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      return work();
    } catch (error) {
      const isBusy = error instanceof SqliteError && error.code === 'busy';
      if (!isBusy || tries === triesMax) throw ledgerError(error);
    }
    await sleep(timers, pauseMs);
  }
}
