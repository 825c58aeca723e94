import { AuditorError } from './errors.js';

/** One task after another, in the order in which they came. */
export class Turns {
  readonly #countMax: number;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param countMax - tasks that run or wait at once. */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** @returns what the task returns. @throws AuditorError `busy`; what the task throws. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#countMax) throw new AuditorError('busy', 'too many requests wait');
    this.#count++;
    const turn = this.#last.then(() => task());
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#count--;
    }
  }
}
