import type { Clock, Timers } from '@coffer/base';

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/**
 * For durations: starts anywhere, only goes forward, and nobody sets it. A daemon that took durations from the machine's
 * clock would stop helping others, or go on with a call for hours, after that clock was set back.
 */
export const steadyClock: Clock = { nowMs: () => performance.now() };

/** Node's timers. */
export const systemTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
