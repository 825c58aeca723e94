import type { Clock, Timers } from '@coffer/base';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

/** Time that moves only when nothing else can happen: all promises settle before the next timer fires. */
export class VirtualTime implements Clock, Timers {
  #nowMs = 1_700_000_000_000;
  #order = 0;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Runs until `done` or until `limitMs` have passed. @returns whether it is done. */
  async runUntil(done: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await settled();
      if (done()) return true;
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = endMs;
        return false;
      }
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.task();
    }
  }

  async run(durationMs: number): Promise<void> {
    await this.runUntil(() => false, durationMs);
  }

  /** The value of `work`, running time for it. */
  async finish<T>(work: Promise<T>, limitMs = 60_000): Promise<T> {
    let over = false;
    void work.then(
      () => (over = true),
      () => (over = true),
    );
    if (!(await this.runUntil(() => over, limitMs))) throw new Error(`not finished in ${limitMs} ms of virtual time`);
    return work;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Resolves when every promise that could settle has: setImmediate runs after the microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
