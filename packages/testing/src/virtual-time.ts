import type { Clock, Timers } from '@coffer/base';

interface Event {
  readonly atMs: number;
  /** Order of scheduling: ties in time are broken the same way in every run. */
  readonly sequence: number;
  readonly task: () => void;
  cancelled: boolean;
}

/**
 * Time that passes only when nothing is left to do.
 *
 * Why a program full of promises is deterministic here: one event runs at a time; the promise jobs that it starts run in
 * the order in which they were queued (ECMAScript gives each agent one first-in first-out job queue), all of them before
 * the next event; and everything that could come from elsewhere (timers, messages, storage, the HSM, dice) comes through
 * ports that only schedule events here. So the order of everything is a function of the order of events, which is
 * a function of the seed. Code that waits for a thread pool, a socket or a real timer would break this, and shows as two
 * traces that differ for one seed.
 */
export class VirtualTime implements Clock, Timers {
  readonly #heap: Event[] = [];
  #nowMs: number;
  #sequence = 0;
  #events = 0;

  /** @param startMs - what the clock shows first, milliseconds since 1970. */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get events(): number {
    return this.#events;
  }

  after(delayMs: number, task: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, Math.ceil(delayMs));
    const event: Event = { atMs, sequence: this.#sequence++, task, cancelled: false };
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Schedules `task` and returns a promise of its result. */
  later<T>(delayMs: number, task: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.after(delayMs, () => {
        try {
          resolve(task());
        } catch (cause) {
          reject(cause);
        }
      });
    });
  }

  /**
   * Runs events in order until `untilMs` is reached, no event is left, or `isDone` says so; it is asked after every
   * event, when all promise jobs have run, and may throw to stop the run.
   * @returns whether `isDone` ended it. The clock then stands at the last event, else at `untilMs`.
   */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    await settle();
    if (isDone()) return true;
    for (let event = this.#next(untilMs); event !== undefined; event = this.#next(untilMs)) {
      this.#nowMs = event.atMs;
      this.#events++;
      event.task();
      await settle();
      if (isDone()) return true;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }

  #next(untilMs: number): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#pop();
      if (!first.cancelled) return first;
    }
    return undefined;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.sequence < b.sequence;
}

/** One turn of the real event loop: Node runs every promise job that is queued, and those they queue, before it. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
