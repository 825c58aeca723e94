import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { commandOfSchedule } from './campaign-schedule.js';
import { type CampaignTally, emptyTally } from './campaign-tally.js';
import type { TwinOrder, WorkerNews } from './campaign-worker.js';
import { SimulationError } from './errors.js';

/**
 * The process of a campaign that plays chosen schedules a second time, with real primitives: each has to go exactly as it
 * did with the ideal ones, but for the bytes. What the campaign says of all schedules then holds for real ones.
 */
export class Twins {
  readonly #child: ChildProcess;
  readonly #onTally: (tally: CampaignTally) => void;
  readonly #waiting: { readonly seed: string; readonly print: string }[] = [];
  #failed: SimulationError | undefined;
  #onIdle: (() => void) | undefined;

  /** @param onTally - hears of every comparison. */
  constructor(child: ChildProcess, onTally: (tally: CampaignTally) => void) {
    this.#child = child;
    this.#onTally = onTally;
    child.on('message', (news: WorkerNews) => {
      if (news.type === 'print') this.#compared(news.print);
    });
    child.on('exit', (code, signal) => {
      if (this.#waiting.length === 0) return;
      this.#failed = new SimulationError('crashed', `the process of the twins ended with ${signal ?? code}`);
      this.#onIdle?.();
    });
  }

  /** Has the schedule played again, after those that wait already. */
  compare(seed: string, print: string): void {
    this.#waiting.push({ seed, print });
    if (this.#waiting.length === 1) this.#next();
  }

  /** Waits for the comparisons to end. @throws SimulationError `crashed`. */
  async end(): Promise<void> {
    if (this.#waiting.length > 0 && this.#failed === undefined) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    if (this.#failed !== undefined) throw this.#failed;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }

  #next(): void {
    const next = this.#waiting[0];
    if (next === undefined) this.#onIdle?.();
    else this.#child.send({ type: 'twin', seed: next.seed } satisfies TwinOrder);
  }

  #compared(print: string): void {
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    const { seed } = asked;
    const message = 'goes another way with real primitives';
    const again = commandOfSchedule(seed);
    const violations = print === asked.print ? [] : [{ seed, code: 'twin-differs', message, again } as const];
    this.#onTally({ ...emptyTally, twins: 1, violations });
    this.#next();
  }
}
