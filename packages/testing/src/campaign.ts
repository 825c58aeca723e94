import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addTallies, type CampaignTally, emptyTally } from './campaign-tally.js';
import type { WorkerNews, WorkerOrder } from './campaign-worker.js';
import { SimulationError } from './errors.js';

const workerPath = fileURLToPath(new URL('./campaign-worker.js', import.meta.url));

export interface CampaignOptions {
  readonly minutes: number;
  /** The first schedule's seed; the next ones count up from it. */
  readonly seed: number;
  /** Processes; default one for each core. */
  readonly workers?: number;
  /** Folder that V8 writes its coverage to, for `tools/branch-coverage.mjs`. */
  readonly coverageFolder?: string;
  /** Hears the sum so far. */
  readonly onNews?: (sum: CampaignTally) => void;
}

/** Plays as many schedules as fit in the time, with every core. @throws SimulationError `crashed` when a process dies. */
export async function campaign(options: CampaignOptions): Promise<CampaignTally> {
  const { minutes, seed, workers = availableParallelism(), coverageFolder, onNews } = options;
  const untilMs = Date.now() + minutes * 60_000;
  let sum = emptyTally;
  const env = coverageFolder === undefined ? process.env : { ...process.env, NODE_V8_COVERAGE: coverageFolder };
  await Promise.all(
    Array.from({ length: workers }, (_, i) =>
      runWorker({ first: seed + i, step: workers, untilMs }, env, (tally) => {
        sum = addTallies(sum, tally);
        onNews?.(sum);
      }),
    ),
  );
  return sum;
}

function runWorker(order: WorkerOrder, env: NodeJS.ProcessEnv, onTally: (tally: CampaignTally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(workerPath, { env });
    let isDone = false;
    child.on('message', ({ tally, isLast }: WorkerNews) => {
      onTally(tally);
      isDone = isLast;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (isDone && code === 0) resolve();
      else reject(new SimulationError('crashed', `a process of the campaign ended with ${signal ?? code}`));
    });
    child.send(order);
  });
}
