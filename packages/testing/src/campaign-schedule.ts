import { campaignScenario, faultsMin, operationsMin } from './campaign-scenario.js';
import { type CampaignTally, emptyTally } from './campaign-tally.js';
import { honestMoves, playHostile } from './hostile/play-hostile.js';
import { simulate } from './simulate.js';

/** One schedule in so many has a whole fleet in it, which takes four times as long as one with HSMs and a hostile host. */
const fleetEvery = 20;
/** Moves of a hostile host in one schedule, and more until it has enough operations to count. */
const hostileMovesMin = 45;

/** What a schedule did. Equal seeds give equal ones, whatever the primitives. */
export interface PlayedSchedule {
  readonly tally: CampaignTally;
  /** All that is known of it, but for bytes and real time. */
  readonly report: object;
}

const isFleet = (seed: string): boolean => Number(seed) % fleetEvery === 0;

/** The command that plays it again, alone and with real primitives. */
export function commandOfSchedule(seed: string): string {
  return isFleet(seed)
    ? `npm run sim -- --campaign --seed ${seed}`
    : `npm run sim:hostile -- --seed ${seed} --schedules 1 --moves ${hostileMovesMin} --operations ${operationsMin}`;
}

/**
 * Plays the schedule of this seed, a number: a whole fleet under faults (`simulate`), or HSMs in the hands of a host that attacks
 * them (`playHostile`).
 * @throws SimulationError for the first violation.
 */
export function playSchedule(seed: string, onLine?: (line: string) => void): Promise<PlayedSchedule> {
  const heard = onLine === undefined ? {} : { onLine };
  return isFleet(seed) ? playFleet(seed, heard) : playHost(seed, heard);
}

type Heard = { readonly onLine?: (line: string) => void };

async function playFleet(seed: string, heard: Heard): Promise<PlayedSchedule> {
  const { traceHash, realMs, ...report } = await simulate({ ...campaignScenario(seed), ...heard });
  const { operations, faultKinds: faults, exchanges, virtualMs } = report;
  return { tally: counted({ ...emptyTally, operations, faults, exchanges, virtualMs }), report };
}

async function playHost(seed: string, heard: Heard): Promise<PlayedSchedule> {
  const { traceHash, ...report } = await playHostile({ seed, moves: hostileMovesMin, operationsMin, ...heard });
  const { operations, moves, frames: exchanges } = report;
  const attacks = Object.entries(moves).filter(([name]) => !honestMoves.has(name));
  const faults = Object.fromEntries(attacks.map(([name, count]) => [`host: ${name}`, count]));
  const tally = counted({ ...emptyTally, operations, faults, exchanges });
  return { tally: { ...tally, hostile: tally.schedules }, report };
}

/** One schedule, if it is large enough to count. */
function counted(tally: CampaignTally): CampaignTally {
  const faults = Object.values(tally.faults).reduce((a, b) => a + b, 0);
  const isLarge = tally.operations >= operationsMin && faults >= faultsMin;
  return isLarge ? { ...tally, schedules: 1 } : { ...emptyTally, small: 1 };
}
