import { campaignScenario, faultsMin, operationsMin } from './campaign-scenario.js';
import { addTallies, type CampaignTally, emptyTally, tallyOf } from './campaign-tally.js';
import { SimulationError } from './errors.js';
import { simulate } from './simulate.js';

/** Sent by the campaign to start a process of it. */
export interface WorkerOrder {
  /** Seeds are `first`, `first + step`, … so that processes share none. */
  readonly first: number;
  readonly step: number;
  readonly untilMs: number;
}

/** Sent back now and then, and at the end: what was played since the last one. */
export interface WorkerNews {
  readonly tally: CampaignTally;
  readonly isLast: boolean;
}

const newsMs = 5_000;

/** Plays schedules until the time is over; a violation is told and the campaign goes on. */
async function work({ first, step, untilMs }: WorkerOrder, tell: (news: WorkerNews) => void): Promise<void> {
  let tally = emptyTally;
  let toldMs = Date.now();
  for (let number = first; Date.now() < untilMs; number += step) {
    tally = addTallies(tally, await play(String(number)));
    if (Date.now() - toldMs < newsMs) continue;
    tell({ tally, isLast: false });
    tally = emptyTally;
    toldMs = Date.now();
  }
  tell({ tally, isLast: true });
}

async function play(seed: string): Promise<CampaignTally> {
  try {
    const report = await simulate(campaignScenario(seed));
    return tallyOf(report, report.operations >= operationsMin && report.faults >= faultsMin);
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const { code, message } = error;
    const again = `npm run sim -- --campaign --seed ${seed}`;
    return { ...emptyTally, violations: [{ seed, code, message, again }] };
  }
}

process.once('message', (order: WorkerOrder) => {
  void work(order, (news) => process.send?.(news)).then(() => process.disconnect());
});
