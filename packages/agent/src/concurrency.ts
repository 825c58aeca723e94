import type { Timers } from '@coffer/base';
import { AgentError, type AgentErrorCode } from './errors.js';

/** Runs tasks one after another, in the order in which they came. A task that fails does not stop the next one. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Wakes whoever waits; a notification that nobody waits for is kept for the next one. */
export class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves at the next notification, or after `timeoutMs`. One waiter at a time. */
  wait(timers: Timers, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined;
      const done = (): void => {
        this.#raised = false;
        this.#wake = undefined;
        cancel();
        resolve();
      };
      if (this.#raised) return done();
      this.#wake = done;
      cancel = timers.after(timeoutMs, done);
    });
  }
}

/** `work`, or an AgentError of this code once `timeoutMs` have passed; the work itself goes on unobserved. */
export function within<T>(
  timers: Timers,
  timeoutMs: number,
  work: Promise<T>,
  code: AgentErrorCode,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(timeoutMs, () => reject(new AgentError(code, `${what}: no answer in ${timeoutMs} ms`)));
    const settle =
      <V>(then: (value: V) => void) =>
      (value: V): void => {
        cancel();
        then(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}
