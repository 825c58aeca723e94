import {
  type LeaderLease,
  type Ledger,
  LedgerError,
  type LedgerPosition,
  type LedgerRow,
  type LedgerTail,
  type Term,
} from '@coffer/ledger';
import { PersistPoints } from './persist-points.js';
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
  /** Share of rows, and of tails, that come with a byte changed; some of them as the engine's own error. */
  readonly corruptRate?: number;
  /** Newest rows that reads do not show, as those of a lagging copy of the engine. */
  readonly staleRows?: number;
}

/** Called around every write. @returns whether the writing process is dead by now. */
export type AroundWrite = (moment: 'before' | 'after', write: number) => boolean;

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
  #inner: Ledger;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #weather: LedgerWeather;
  readonly #trace: Trace;
  readonly #name: string;
  readonly #isReachable: () => boolean;
  readonly #aroundWrite: AroundWrite;
  readonly #points: PersistPoints;
  readonly #watches = new Set<{ readonly group: number; readonly onChange: () => void; stop: () => void }>();

  /**
   * @param isReachable - whether this process's network reaches the engine now.
   * @param aroundWrite - how the process that writes may die over it.
   */
  constructor(
    inner: Ledger,
    name: string,
    parts: { time: VirtualTime; random: SeededRandom; weather: LedgerWeather; trace: Trace; points?: PersistPoints },
    isReachable: () => boolean,
    aroundWrite: AroundWrite = () => false,
  ) {
    this.#inner = inner;
    this.#name = name;
    this.#time = parts.time;
    this.#random = parts.random;
    this.#weather = parts.weather;
    this.#trace = parts.trace;
    this.#isReachable = isReachable;
    this.#aroundWrite = aroundWrite;
    this.#points = parts.points ?? new PersistPoints();
    this.lease = {
      acquire: (group, holder, ttlMs) => this.#call('acquire', () => this.#inner.lease.acquire(group, holder, ttlMs)),
      release: (group, holder) => this.#call('release', () => this.#inner.lease.release(group, holder)),
    };
  }

  /** From now on the handle talks to another engine, as after a failover that nobody was told of. */
  switchTo(inner: Ledger): void {
    for (const watch of this.#watches) {
      watch.stop();
      watch.stop = inner.watch(watch.group, watch.onChange);
    }
    this.#inner = inner;
    for (const { onChange } of this.#watches) onChange();
  }

  tail(group: number): Promise<LedgerTail> {
    return this.#call('tail', () => this.#tail(group));
  }

  raiseTerm(group: number, term: Term): Promise<'raised' | 'superseded'> {
    return this.#write('raiseTerm', () => this.#inner.raiseTerm(group, term));
  }

  append(
    group: number,
    term: Term,
    expectedTail: LedgerPosition,
    rows: readonly LedgerRow[],
  ): Promise<'appended' | 'fenced' | 'conflict'> {
    return this.#write('append', () => this.#inner.append(group, term, expectedTail, rows));
  }

  read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]> {
    return this.#call('read', () => this.#read(group, fromIndex, limit));
  }

  watch(group: number, onChange: () => void): () => void {
    const late = (): void => {
      this.#time.after(this.#delayMs(), () => {
        if (this.#watches.has(watch) && this.#isUp()) onChange();
      });
    };
    const watch = { group, onChange: late, stop: this.#inner.watch(group, late) };
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
      watch.stop();
    };
  }

  truncateAfter(
    group: number,
    term: Term,
    base: LedgerPosition,
    proof: Uint8Array,
  ): Promise<'truncated' | 'fenced' | 'conflict'> {
    return this.#write('truncateAfter', () => this.#inner.truncateAfter(group, term, base, proof));
  }

  restore(group: number, term: Term, rows: readonly LedgerRow[]): Promise<'restored' | 'fenced' | 'conflict'> {
    return this.#write('restore', () => this.#inner.restore(group, term, rows));
  }

  trim(group: number, upToIndex: bigint): Promise<void> {
    return this.#write('trim', () => this.#inner.trim(group, upToIndex));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #write<T>(what: string, effect: () => Promise<T>): Promise<T> {
    return this.#call(what, async () => {
      const write = this.#points.begin('ledger');
      if (this.#aroundWrite('before', write)) this.#fail(what, 'before');
      const result = await effect();
      if (this.#aroundWrite('after', write)) this.#fail(what, 'after');
      return result;
    });
  }

  /** The end of the log, or of what a lagging copy shows of it. */
  async #tail(group: number): Promise<LedgerTail> {
    const tail = await this.#inner.tail(group);
    const shown = await this.#shown(group, tail);
    return this.#isCorrupted() ? { ...tail, ...shown, hash: flipped(shown.hash, this.#random) } : { ...tail, ...shown };
  }

  async #read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]> {
    const { index: last } = await this.#shown(group, await this.#inner.tail(group));
    const rows = (await this.#inner.read(group, fromIndex, limit)).filter(({ index }) => index <= last);
    return rows.map((row) => {
      if (!this.#isCorrupted()) return row;
      const field = this.#random.pick(['body', 'body', 'hash', 'prevHash', 'none'] as const);
      this.#trace.add('ledger', `corrupts ${field} of g${group} #${row.index} for ${this.#name}`);
      if (field === 'none') throw new LedgerError('corrupt', 'simulated: the engine says so itself');
      return { ...row, [field]: flipped(row[field], this.#random) };
    });
  }

  async #shown(group: number, { index, hash }: LedgerPosition): Promise<LedgerPosition> {
    const last = index - BigInt(this.#weather.profile.staleRows ?? 0);
    if (last === index || last < 1n) return { index, hash };
    // What is trimmed cannot be shown at all: then the copy is not that far behind.
    const [row] = await this.#inner.read(group, last, 1).catch(() => []);
    return row === undefined ? { index, hash } : { index: row.index, hash: row.hash };
  }

  #isCorrupted(): boolean {
    const { corruptRate = 0 } = this.#weather.profile;
    return corruptRate > 0 && this.#random.chance(corruptRate);
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

function flipped(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = bytes.slice();
  const at = random.integer(0, Math.max(0, copy.length - 1));
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(0, 7));
  return copy;
}
