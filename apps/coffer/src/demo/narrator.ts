import type { Output } from '../terminal/output.js';
import { activity } from '../terminal/progress.js';

/** Tells the demo to whoever watches. */
export class Narrator {
  readonly #output: Output;
  readonly #stepsTotal: number;
  #step = 0;

  constructor(output: Output, stepsTotal: number) {
    this.#output = output;
    this.#stepsTotal = stepsTotal;
  }

  /** Runs one step; `tell` adds a line to what is said about it. */
  async step<T>(title: string, run: (tell: (line: string) => void) => Promise<T>): Promise<T> {
    const output = this.#output;
    output.say();
    output.say(output.paint('bold', `${++this.#step}/${this.#stepsTotal}  ${title}`));
    const startedMs = Date.now();
    const seconds = (): string => `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
    const shown = activity(output, 'working …');
    const clock = setInterval(() => shown.update(output.paint('dim', seconds())), 100);
    try {
      const result = await run((line) => shown.tell(`     ${line}`));
      shown.end(`     ${output.paint('green', '✓')} ${output.paint('dim', seconds())}`);
      return result;
    } catch (error) {
      shown.end(`     ${output.paint('red', '✗ this step failed')}`);
      throw error;
    } finally {
      clearInterval(clock);
    }
  }
}
