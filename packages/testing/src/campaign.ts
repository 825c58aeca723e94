import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addTallies, type CampaignTally, emptyTally } from './campaign-tally.js';
import type { WorkerNews, WorkerOrder } from './campaign-worker.js';
import { SimulationError } from './errors.js';
import { Twins } from './twins.js';

const workerPath = fileURLToPath(new URL('./campaign-worker.js', import.meta.url));
/** Has a process use the ideal primitives (`ideal/primitives.ts`). */
const idealArgs = ['--import', new URL('./ideal/register.js', import.meta.url).href];
/** Schedules make much garbage that dies young. */
const youngGarbage = '--max-semi-space-size=64';

export interface CampaignOptions {
  readonly minutes: number;
  /** The first schedule's seed; the next ones count up from it. */
  readonly seed: number;
  /** Processes that play; default one for each core. */
  readonly workers?: number;
  /** Whether everything is played with real primitives, five times slower; default only the twins. */
  readonly real?: boolean;
  /** Folder that V8 writes the coverage of the twins to, for `coverage/branch-coverage.ts`. */
  readonly coverageFolder?: string;
  /** Hears the sum so far. */
  readonly onNews?: (sum: CampaignTally) => void;
}

/**
 * Plays as many schedules as fit in the time, with every core, and some of them a second time with real primitives.
 * @throws SimulationError `crashed` when a process dies.
 */
export async function campaign(options: CampaignOptions): Promise<CampaignTally> {
  const { minutes, seed, workers = availableParallelism(), real = false, coverageFolder, onNews } = options;
  const untilMs = Date.now() + minutes * 60_000;
  let sum = emptyTally;
  const add = (tally: CampaignTally): void => {
    sum = addTallies(sum, tally);
    onNews?.(sum);
  };
  const env = coverageFolder === undefined ? process.env : { ...process.env, NODE_V8_COVERAGE: coverageFolder };
  const twins = new Twins(fork(workerPath, { env }), add);
  const playing = Array.from({ length: workers }, (_, i) => {
    const child = fork(workerPath, { execArgv: [...(real ? [] : idealArgs), youngGarbage] });
    return played(child, { type: 'play', first: seed + i, step: workers, untilMs }, add, twins);
  });
  try {
    await Promise.all(playing);
  } finally {
    await twins.end();
  }
  return sum;
}

/** Resolves when the process has played to its end. */
function played(
  child: ChildProcess,
  order: WorkerOrder,
  onTally: (tally: CampaignTally) => void,
  twins: Twins,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isDone = false;
    child.on('message', (news: WorkerNews) => {
      if (news.type === 'print') return twins.compare(news.seed, news.print);
      onTally(news.tally);
      isDone = news.isLast;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (isDone && code === 0) resolve();
      else reject(new SimulationError('crashed', `a process of the campaign ended with ${signal ?? code}`));
    });
    child.send(order);
  });
}
