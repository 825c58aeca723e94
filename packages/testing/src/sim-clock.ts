import type { Clock } from '@coffer/base';

/** The clock of one machine, which somebody may set: virtual time, and how far off this one is. */
export class SimClock implements Clock {
  /** Milliseconds that this clock is ahead of virtual time; negative when it is behind. */
  offsetMs = 0;
  readonly #time: Clock;

  constructor(time: Clock) {
    this.#time = time;
  }

  nowMs(): number {
    return this.#time.nowMs() + this.offsetMs;
  }
}
