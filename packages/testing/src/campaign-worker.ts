import { commandOfSchedule, playSchedule } from './campaign-schedule.js';
import { addTallies, type CampaignTally, emptyTally } from './campaign-tally.js';
import { SimulationError } from './errors.js';
import { TracePrint } from './trace-print.js';

/** Sent by the campaign to have a process of it play schedules until a time. */
export interface WorkerOrder {
  readonly type: 'play';
  /** Seeds are `first`, `first + step`, … so that processes share none. */
  readonly first: number;
  readonly step: number;
  readonly untilMs: number;
}

/** Sent to have one schedule played and its print told. */
export interface TwinOrder {
  readonly type: 'twin';
  readonly seed: string;
}

export type WorkerNews =
  /** Now and then, and at the end: what was played since the last one. */
  | { readonly type: 'tally'; readonly tally: CampaignTally; readonly isLast: boolean }
  /** The print of a schedule that has a twin, or the code of what it broke. */
  | { readonly type: 'print'; readonly seed: string; readonly print: string };

/** One schedule in so many is played a second time, with real primitives, and has to go the same way. A prime: twins are of every sort. */
export const schedulesPerTwin = 401;

const newsMs = 5_000;

// A refusal is an error, and its stack costs more than finding out. What breaks is played again with stacks.
Error.stackTraceLimit = 0;

type Tell = (news: WorkerNews) => void;

/** Plays schedules until the time is over; a violation is told and the campaign goes on. */
async function work({ first, step, untilMs }: WorkerOrder, tell: Tell): Promise<void> {
  let tally = emptyTally;
  let toldMs = Date.now();
  for (let number = first; Date.now() < untilMs; number += step) {
    const seed = String(number);
    if (number % schedulesPerTwin === 0) tell({ type: 'print', seed, print: await printOf(seed) });
    tally = addTallies(tally, await play(seed));
    if (Date.now() - toldMs < newsMs) continue;
    tell({ type: 'tally', tally, isLast: false });
    tally = emptyTally;
    toldMs = Date.now();
  }
  tell({ type: 'tally', tally, isLast: true });
}

async function play(seed: string): Promise<CampaignTally> {
  try {
    return (await playSchedule(seed)).tally;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const { code, message } = error;
    return { ...emptyTally, violations: [{ seed, code, message, again: commandOfSchedule(seed) }] };
  }
}

/** What a schedule did, but for the bytes: a digest of its trace, and its report or what it broke. */
async function printOf(seed: string): Promise<string> {
  const print = new TracePrint();
  try {
    const { report } = await playSchedule(seed, (line) => print.add(line));
    return `${print.digest()} ${JSON.stringify(report)}`;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    return `${print.digest()} ${error.code}`;
  }
}

process.on('message', (order: WorkerOrder | TwinOrder) => {
  const tell: Tell = (news) => process.send?.(news);
  if (order.type === 'play') void work(order, tell).then(() => process.disconnect());
  else void printOf(order.seed).then((print) => tell({ type: 'print', seed: order.seed, print }));
});
