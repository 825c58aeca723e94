import type { Output } from '../terminal/output.js';
import { activity } from '../terminal/progress.js';

/** Tells the demo to whoever watches: a spinner and a line a step on a terminal, plain lines in a log. */
export class Narrator {
  readonly #output: Output;
  readonly #stepsTotal: number;
  #step = 0;

  constructor(output: Output, stepsTotal: number) {
    this.#output = output;
    this.#stepsTotal = stepsTotal;
  }

  /** Runs one step. `tell` adds a line that stays; the step's own result is its last line. */
  async step<T>(title: string, run: (tell: (line: string) => void) => Promise<T>): Promise<T> {
    const output = this.#output;
    this.#step++;
    output.say();
    output.say(output.paint('bold', `${this.#step}/${this.#stepsTotal}  ${title}`));
    const startedMs = Date.now();
    const lines: string[] = [];
    // A spinner and lines would write over each other, so on a terminal the lines come when it has ended.
    const shown = output.isLive ? activity(output, title) : undefined;
    const tell = (line: string): void => {
      if (shown === undefined) output.say(`     ${line}`);
      else {
        lines.push(line);
        shown.update(line);
      }
    };
    try {
      const result = await run(tell);
      const took = `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
      shown?.done(took);
      for (const line of lines) output.say(`     ${line}`);
      if (shown === undefined) output.say(`     ${output.paint('dim', took)}`);
      return result;
    } catch (error) {
      shown?.failed('this step failed');
      for (const line of lines) output.say(`     ${line}`);
      throw error;
    }
  }

  say(line = ''): void {
    this.#output.say(line);
  }
}
