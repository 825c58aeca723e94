import { type Profiler, Session } from 'node:inspector';

/** Code of the project whose coverage steers the fuzzer. */
const isWatched = (url: string): boolean => /\/packages\/(?!testing\/)[^/]+\/dist\//.test(url);

/**
 * Tells whether code ran that never ran before, by V8's precise block coverage in this process. Taking it costs
 * milliseconds, so inputs are run in batches, and a batch that reached something new is run again in halves.
 */
export class CoverageFeedback {
  readonly #session = new Session();
  readonly #ran = new Map<string, Uint8Array>();
  /** Whose inputs run: what one target has reached is still new for another. */
  scope = '';

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** @returns characters of code that ran since the last call and never before. */
  takeNew(): number {
    return this.#take((own, known) => {
      let found = 0;
      for (let i = 0; i < own.length; i++) {
        if (own[i] !== 1 || known[i] === 1) continue;
        known[i] = 1;
        found++;
      }
      return found;
    });
  }

  /** Forgets what ran since the last call. */
  skip(): void {
    this.#take(() => 0);
  }

  /** The same as {@link takeNew}, without remembering it. */
  peekNew(): number {
    return this.#take((own, known) => own.reduce((sum, bit, i) => sum + (bit === 1 && known[i] !== 1 ? 1 : 0), 0));
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #take(count: (own: Uint8Array, known: Uint8Array) => number): number {
    let found = 0;
    // The callback runs before `post` returns: this session has no other thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error !== null) throw error;
      for (const script of coverage.result) if (isWatched(script.url)) found += this.#count(script, count);
    });
    return found;
  }

  #count({ url, functions }: Profiler.ScriptCoverage, count: (own: Uint8Array, known: Uint8Array) => number): number {
    const ranges = functions.flatMap((each) => each.ranges);
    if (!ranges.some((range) => range.count > 0)) return 0;
    ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    const size = ranges.reduce((max, { endOffset }) => Math.max(max, endOffset), 0);
    const name = `${this.scope} ${url}`;
    const before = this.#ran.get(name) ?? new Uint8Array();
    const known = before.length >= size ? before : new Uint8Array(size);
    if (known !== before) known.set(before);
    this.#ran.set(name, known);
    const own = new Uint8Array(size);
    for (const { startOffset, endOffset, count: times } of ranges) own.fill(times > 0 ? 1 : 0, startOffset, endOffset);
    return count(own, known);
  }
}
