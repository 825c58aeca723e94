import type { Clock, Timers } from '@coffer/base';

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** Node's timers. */
export const systemTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
