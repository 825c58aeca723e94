import type { Timers } from '@coffer/base';

/**
 * One run of a process, from its start to its crash. A crashed process does nothing any more: its timers do not fire, and
 * what it waits for never comes. Its promises stay pending for ever and are collected with it.
 */
export class Life {
  #alive = true;

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** The result of `call`, unless this life is over by then, or before. */
  async within<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#alive) return never();
    try {
      const result = await call();
      return this.#alive ? result : await never();
    } catch (cause) {
      if (!this.#alive) return never();
      throw cause;
    }
  }

  /** `timers`, for as long as this life lasts. */
  timers(timers: Timers): Timers {
    return {
      after: (delayMs, task) => {
        if (!this.#alive) return () => undefined;
        return timers.after(delayMs, () => {
          if (this.#alive) task();
        });
      },
    };
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
