import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addTallies, type CampaignTally, emptyTally } from './campaign-tally.js';
import type { Primitives, WorkerNews, WorkerOrder } from './campaign-worker.js';
import { SimulationError } from './errors.js';
import { Twins } from './twins.js';

const workerPath = fileURLToPath(new URL('./campaign-worker.js', import.meta.url));
/** Has a process use the ideal primitives (`ideal/primitives.ts`). */
const idealArgs = ['--import', new URL('./ideal/register.js', import.meta.url).href];
/** Schedules make much garbage that dies young, and every core has one of them to play. */
const garbageArgs = ['--min-semi-space-size=128', '--max-semi-space-size=128', '--single-threaded-gc'];

export interface CampaignOptions {
  readonly minutes: number;
  /** The first schedule's seed; the next ones count up from it. */
  readonly seed: number;
  /** Processes that play; default one for each core. */
  readonly workers?: number;
  /** Whether everything is played with real primitives; default only the twins. */
  readonly real?: boolean;
  /** Folder that V8 writes the coverage of the twins to, for `coverage/branch-coverage.ts`. */
  readonly coverageFolder?: string;
  /** Hears the sum so far. */
  readonly onNews?: (sum: CampaignTally) => void;
}

/**
 * Plays as many schedules as fit in the time, with every core, and some of them a second time with real primitives. A
 * process that dies is a violation (`crashed`): what the others find is told all the same.
 */
export async function campaign(options: CampaignOptions): Promise<CampaignTally> {
  const { minutes, seed, workers = availableParallelism(), real = false, coverageFolder, onNews } = options;
  const untilMs = Date.now() + minutes * 60_000;
  let sum = emptyTally;
  const add = (tally: CampaignTally): void => {
    sum = addTallies(sum, tally);
    onNews?.(sum);
  };
  const env = { ...process.env, ...(coverageFolder === undefined ? {} : { NODE_V8_COVERAGE: coverageFolder }) };
  const twins = new Twins(fork(workerPath, { env, execArgv: [] }), add);
  const playing = Array.from({ length: workers }, (_, i) => {
    const child = fork(workerPath, { execArgv: [...(real ? [] : idealArgs), ...garbageArgs] });
    const order = { type: 'play', first: seed + i, step: workers, untilMs } as const;
    return played(child, order, { add, twins, primitives: real ? 'real' : 'ideal' });
  });
  await Promise.all(playing);
  await twins.end();
  return sum;
}

/** What a campaign does with the news of one process. */
interface Hearer {
  readonly add: (tally: CampaignTally) => void;
  readonly twins: Twins;
  /** What the process has to play with. */
  readonly primitives: Primitives;
}

/** Resolves when the process has ended, well or not. */
function played(child: ChildProcess, order: WorkerOrder, { add, twins, primitives }: Hearer): Promise<void> {
  return new Promise((resolve) => {
    let isDone = false;
    child.on('message', (news: WorkerNews) => {
      if (news.type === 'tally') {
        add(news.tally);
        isDone = news.isLast;
      } else if (news.primitives === primitives) twins.compare(news.seed, news.print);
      else add(crashOf(order, `plays with ${news.primitives} primitives instead of ${primitives} ones`));
    });
    child.on('error', (cause) => add(crashOf(order, String(cause))));
    child.on('exit', (code, signal) => {
      if (!isDone || code !== 0) add(crashOf(order, `ended with ${signal ?? code}`));
      resolve();
    });
    child.send(order);
  });
}

function crashOf({ first, step }: WorkerOrder, what: string): CampaignTally {
  const { code, message } = new SimulationError(
    'crashed',
    `the process with seed ${first} and each ${step}th after it ${what}`,
  );
  return { ...emptyTally, violations: [{ seed: String(first), code, message, again: 'the campaign itself' }] };
}
