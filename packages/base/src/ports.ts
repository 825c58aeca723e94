/** What the outside world gives the code. Everything that reads a clock or rolls dice takes one of these. */

/** A source of unpredictable bytes. In the simulator: a seeded stream. */
export interface Entropy {
  /** @returns `length` fresh bytes that the caller owns. */
  bytes(length: number): Uint8Array;
}

/**
 * Time of a host, which nothing in an HSM ever reads. Who only measures durations (agents, the gateway's routes and limits)
 * gets one that is never set back.
 */
export interface Clock {
  /** Milliseconds: since 1970-01-01T00:00Z, or for durations since anything. */
  nowMs(): number;
}

/** One-shot timers. In the simulator: virtual time. */
export interface Timers {
  /** Runs `task` once after `delayMs`; the returned function cancels it and may be called at any time. */
  after(delayMs: number, task: () => void): () => void;
}

/** Resolves after `delayMs` of the given timers. */
export function sleep(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => timers.after(delayMs, resolve));
}
