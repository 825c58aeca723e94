import type { Clock } from '@coffer/base';
import { compareTerms, type Term } from '@coffer/protocol';
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
} from './checks.js';
import { LedgerError } from './errors.js';
import type { LeaderLease, LeaseState, Ledger, LedgerFleet, LedgerPosition, LedgerRow, LedgerTail } from './ledger.js';
import { MemoryLog } from './memory-log.js';

/** The shared storage of {@link MemoryLedger} handles: one log for each group of a fleet. For tests and the simulator. */
export class MemoryLedgerStore {
  readonly fleet: LedgerFleet;
  readonly clock: Clock;
  readonly logs: readonly MemoryLog[];

  /** @param clock - the engine's own clock, used for leases only. @param logs - default empty ones. @throws LedgerError `over-limit`. */
  constructor(fleet: LedgerFleet, clock: Clock, logs?: readonly MemoryLog[]) {
    checkFleet(fleet);
    this.fleet = fleet;
    this.clock = clock;
    this.logs = logs ?? fleet.genesis.map((hash) => new MemoryLog(hash));
  }

  /** A second engine that starts with everything this one has, and then goes its own way: a split brain. */
  fork(): MemoryLedgerStore {
    return new MemoryLedgerStore(
      this.fleet,
      this.clock,
      this.logs.map((log) => log.copy()),
    );
  }

  /** A new handle, as another process would open it. */
  open(): MemoryLedger {
    return new MemoryLedger(this);
  }
}

/**
 * A ledger that lives as long as its store. Every call takes effect before it returns its promise, in call order, so
 * that a simulator that runs one task at a time sees the same history for the same seed.
 */
export class MemoryLedger implements Ledger {
  readonly lease: LeaderLease;
  readonly #store: MemoryLedgerStore;
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(store: MemoryLedgerStore) {
    this.#store = store;
    this.lease = {
      acquire: async (group, holder, ttlMs) => this.#acquire(group, holder, ttlMs),
      release: async (group, holder) => this.#release(group, holder),
    };
  }

  async tail(group: number): Promise<LedgerTail> {
    const { term, tail } = this.#log(group);
    return { term: { round: term.round, leaderId: term.leaderId }, index: tail.index, hash: tail.hash.slice() };
  }

  async raiseTerm(group: number, term: Term): Promise<'raised' | 'superseded'> {
    const log = this.#log(group);
    checkTerm(term);
    return log.raise(term) ? 'raised' : 'superseded';
  }

  async append(
    group: number,
    term: Term,
    expectedTail: LedgerPosition,
    rows: readonly LedgerRow[],
  ): Promise<'appended' | 'fenced' | 'conflict'> {
    const log = this.#log(group);
    checkAppend(term, expectedTail, rows);
    if (compareTerms(log.term, term) !== 0) return 'fenced';
    return log.extend(rows) ? 'appended' : 'conflict';
  }

  async read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]> {
    const log = this.#log(group);
    checkRead(limit);
    return log.read(fromIndex, limit);
  }

  watch(group: number, onChange: () => void): () => void {
    const stop = this.#log(group).watch(onChange);
    this.#stops.add(stop);
    return () => {
      stop();
      this.#stops.delete(stop);
    };
  }

  async truncateAfter(
    group: number,
    term: Term,
    base: LedgerPosition,
    proof: Uint8Array,
  ): Promise<'truncated' | 'fenced' | 'conflict'> {
    const log = this.#log(group);
    checkTruncate(term, base, proof);
    if (compareTerms(log.term, term) !== 0) return 'fenced';
    return log.cut(term, base) ? 'truncated' : 'conflict';
  }

  async restore(group: number, term: Term, rows: readonly LedgerRow[]): Promise<'restored' | 'fenced' | 'conflict'> {
    const log = this.#log(group);
    checkRestore(term, rows);
    if (compareTerms(log.term, term) !== 0) return 'fenced';
    return log.refill(rows) ? 'restored' : 'conflict';
  }

  async trim(group: number, upToIndex: bigint): Promise<void> {
    this.#log(group).trim(upToIndex);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }

  #log(group: number): MemoryLog {
    if (this.#closed) throw new LedgerError('unavailable', 'the handle is closed');
    checkGroup(this.#store.fleet, group);
    return this.#store.logs[group] as MemoryLog;
  }

  #acquire(group: number, holder: number, ttlMs: number): LeaseState {
    const log = this.#log(group);
    checkLease(holder, ttlMs);
    const nowMs = this.#store.clock.nowMs();
    // Granted in the future: the clock was set back since. Without this a dead leader would keep the lease for as long.
    const isVoid = log.lease !== undefined && (log.lease.expiryMs <= nowMs || log.lease.grantedMs > nowMs);
    if (log.lease === undefined || isVoid || log.lease.holder === holder) {
      log.lease = { holder, grantedMs: nowMs, expiryMs: nowMs + ttlMs };
    }
    return { holder: log.lease.holder, expiresInMs: log.lease.expiryMs - nowMs };
  }

  #release(group: number, holder: number): void {
    const log = this.#log(group);
    checkLeaderId(holder);
    if (log.lease?.holder === holder) log.lease = undefined;
  }
}
