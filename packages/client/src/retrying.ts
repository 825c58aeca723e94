import { type Clock, type Entropy, sleep, type Timers } from '@coffer/base';
import { isRetryable } from './answers.js';
import { backoffMsFirst, backoffMsMax, exchangeMsMax, retryAfterMsMax } from './limits.js';

/** What waiting between two tries takes. */
export interface Patience {
  readonly entropy: Entropy;
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * Makes a call that may be repeated until it is answered, with backoff. @param triesMax - the first and its retries.
 * @throws ClientError of the last try; at once one that another try would not change.
 */
export async function retrying<T>(patience: Patience, triesMax: number, call: () => Promise<T>): Promise<T> {
  const { clock, timers } = patience;
  const startMs = clock.nowMs();
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isRetryable(error) || tries >= triesMax) throw error;
      const waitMs = Math.max(backoffMs(patience, tries), error.retryAfterMs ?? 0);
      if ((error.retryAfterMs ?? 0) > retryAfterMsMax || clock.nowMs() - startMs + waitMs > exchangeMsMax) throw error;
      await sleep(timers, waitMs);
    }
  }
}

/** Half of a doubling wait, and a random part of the other half, so that clients cut off together do not return together. */
function backoffMs({ entropy }: Patience, tries: number): number {
  const fullMs = Math.min(backoffMsMax, backoffMsFirst * 2 ** (tries - 1));
  const [high = 0, low = 0] = entropy.bytes(2);
  return Math.round(fullMs / 2 + (fullMs / 2) * ((high * 256 + low) / 65_536));
}
