import {
  type LeaderLease,
  type Ledger,
  LedgerError,
  type LedgerPosition,
  type LedgerRow,
  type LedgerTail,
  type Term,
} from '@coffer/ledger';
import type { SeededRandom } from './seeded-random.js';
import type { Trace } from './trace.js';
import type { VirtualTime } from './virtual-time.js';

/** How the ledger treats its callers, for as long as it is set. */
export interface LedgerProfile {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Share of calls that fail with `unavailable` and have had no effect. */
  readonly failBeforeRate: number;
  /** Share of calls that fail with `unavailable` after they took effect: the outcome is unknown to the caller. */
  readonly failAfterRate: number;
}

/** An engine on a good day. */
export const goodLedger: LedgerProfile = { delayMinMs: 1, delayMaxMs: 3, failBeforeRate: 0, failAfterRate: 0 };

/** State that all handles of a fleet share. */
export interface LedgerWeather {
  profile: LedgerProfile;
  /** The engine is down for everybody. */
  down: boolean;
}

/** One process's handle on a ledger that fails before or after a commit, or cannot be reached. */
export class FaultyLedger implements Ledger {
  readonly lease: LeaderLease;
  readonly #inner: Ledger;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #weather: LedgerWeather;
  readonly #trace: Trace;
  readonly #name: string;
  readonly #isReachable: () => boolean;

  /** @param isReachable - whether this process's network reaches the engine now. */
  constructor(
    inner: Ledger,
    name: string,
    parts: { time: VirtualTime; random: SeededRandom; weather: LedgerWeather; trace: Trace },
    isReachable: () => boolean,
  ) {
    this.#inner = inner;
    this.#name = name;
    this.#time = parts.time;
    this.#random = parts.random;
    this.#weather = parts.weather;
    this.#trace = parts.trace;
    this.#isReachable = isReachable;
    this.lease = {
      acquire: (group, holder, ttlMs) => this.#call('acquire', () => inner.lease.acquire(group, holder, ttlMs)),
      release: (group, holder) => this.#call('release', () => inner.lease.release(group, holder)),
    };
  }

  tail(group: number): Promise<LedgerTail> {
    return this.#call('tail', () => this.#inner.tail(group));
  }

  raiseTerm(group: number, term: Term): Promise<'raised' | 'superseded'> {
    return this.#call('raiseTerm', () => this.#inner.raiseTerm(group, term));
  }

  append(
    group: number,
    term: Term,
    expectedTail: LedgerPosition,
    rows: readonly LedgerRow[],
  ): Promise<'appended' | 'fenced' | 'conflict'> {
    return this.#call('append', () => this.#inner.append(group, term, expectedTail, rows));
  }

  read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]> {
    return this.#call('read', () => this.#inner.read(group, fromIndex, limit));
  }

  watch(group: number, onChange: () => void): () => void {
    let isWatching = true;
    const stop = this.#inner.watch(group, () => {
      this.#time.after(this.#delayMs(), () => {
        if (isWatching && this.#isUp()) onChange();
      });
    });
    return () => {
      isWatching = false;
      stop();
    };
  }

  truncateAfter(
    group: number,
    term: Term,
    base: LedgerPosition,
    proof: Uint8Array,
  ): Promise<'truncated' | 'fenced' | 'conflict'> {
    return this.#call('truncateAfter', () => this.#inner.truncateAfter(group, term, base, proof));
  }

  restore(group: number, term: Term, rows: readonly LedgerRow[]): Promise<'restored' | 'fenced' | 'conflict'> {
    return this.#call('restore', () => this.#inner.restore(group, term, rows));
  }

  trim(group: number, upToIndex: bigint): Promise<void> {
    return this.#call('trim', () => this.#inner.trim(group, upToIndex));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #call<T>(what: string, effect: () => Promise<T>): Promise<T> {
    const { failBeforeRate, failAfterRate } = this.#weather.profile;
    const isBefore = this.#random.chance(failBeforeRate);
    const isAfter = this.#random.chance(failAfterRate);
    const thereMs = this.#delayMs();
    const backMs = this.#delayMs();
    await this.#time.later(thereMs, () => undefined);
    if (isBefore || !this.#isUp()) this.#fail(what, 'before');
    const result = await effect();
    await this.#time.later(backMs, () => undefined);
    // Unreachable by now: the effect stays, the answer does not come.
    if (isAfter || !this.#isUp()) this.#fail(what, 'after');
    return result;
  }

  #fail(what: string, moment: 'before' | 'after'): never {
    this.#trace.add('ledger', `fails ${moment} ${what} of ${this.#name}`);
    throw new LedgerError('unavailable', `simulated failure ${moment} the commit`);
  }

  #isUp(): boolean {
    return !this.#weather.down && this.#isReachable();
  }

  #delayMs(): number {
    const { delayMinMs, delayMaxMs } = this.#weather.profile;
    return this.#random.integer(delayMinMs, delayMaxMs);
  }
}
