import type { ChildProcess } from 'node:child_process';
import { commandOfSchedule } from './campaign-schedule.js';
import { type CampaignTally, type CampaignViolation, emptyTally } from './campaign-tally.js';
import type { TwinOrder, WorkerNews } from './campaign-worker.js';

/**
 * The process of a campaign that plays chosen schedules a second time, with real primitives: each has to go exactly as it
 * did with the ideal ones, but for the bytes. What the campaign says of all schedules then holds for real ones.
 */
export class Twins {
  readonly #child: ChildProcess;
  readonly #onTally: (tally: CampaignTally) => void;
  readonly #waiting: { readonly seed: string; readonly print: string }[] = [];
  readonly #ended: Promise<void>;
  #isGone = false;
  #isEnding = false;

  /** @param onTally - hears of every comparison. */
  constructor(child: ChildProcess, onTally: (tally: CampaignTally) => void) {
    this.#child = child;
    this.#onTally = onTally;
    child.on('message', (news: WorkerNews) => {
      if (news.type === 'print') this.#compared(news.print, news.primitives === 'real');
    });
    child.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        this.#isGone = true;
        const isEarly = !this.#isEnding || this.#waiting.length > 0;
        if (isEarly) this.#crashed(`the process of the twins ended with ${signal ?? code}`);
        resolve();
      });
    });
  }

  /** Has the schedule played again, after those that wait already. */
  compare(seed: string, print: string): void {
    this.#waiting.push({ seed, print });
    if (this.#waiting.length === 1) this.#next();
  }

  /** Waits for the comparisons and for the end of the process. */
  end(): Promise<void> {
    this.#isEnding = true;
    if (this.#waiting.length === 0) this.#next();
    return this.#ended;
  }

  #next(): void {
    const next = this.#waiting[0];
    if (this.#isGone) return;
    if (next !== undefined) this.#child.send({ type: 'twin', seed: next.seed } satisfies TwinOrder);
    else if (this.#isEnding) this.#child.disconnect();
  }

  #compared(print: string, isReal: boolean): void {
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    const { seed } = asked;
    if (!isReal) this.#crashed('the process of the twins has no real primitives');
    else if (print !== asked.print) {
      const message = 'goes another way with real primitives';
      this.#tell({ seed, code: 'twin-differs', message, again: commandOfSchedule(seed) });
    }
    this.#onTally({ ...emptyTally, twins: 1 });
    this.#next();
  }

  #crashed(message: string): void {
    this.#tell({ seed: '', code: 'crashed', message, again: 'the campaign itself' });
  }

  #tell(violation: CampaignViolation): void {
    this.#onTally({ ...emptyTally, violations: [violation] });
  }
}
