import { allFaults, type FaultKind, type FaultMix } from './fault-mix.js';
import { SeededRandom } from './seeded-random.js';
import type { Scenario } from './simulate.js';

/**
 * One schedule of a campaign, all of it drawn from its seed: the shape of the fleet, who uses it, and which kinds of
 * faults it may see. Each schedule has a random part of the kinds: what one kind hides, or ends too early, shows in
 * schedules that are without it ("swarm testing", Groce et al., 2012).
 *
 * Most are dense: many people who hardly rest and faults close together, so that little time goes by between what matters. One in
 * twelve is a long one, with fewer people who do more.
 */
export function campaignScenario(seed: string): Scenario {
  const random = new SeededRandom(`campaign ${seed}`);
  const sites = random.pick([3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 7]);
  return {
    seed,
    sites,
    groups: random.pick([1, 1, 1, 2]),
    rollbackTolerance: sites === 5 && random.chance(0.25) ? 1 : 0,
    ...(random.chance(1 / 12) ? longLives(random) : denseLives(random)),
    guessers: random.pick([0, 0, 1]),
    faults: someFaults(random),
    tuning: { gatherMs: random.pick([0, 0, 5]), pipelineDepth: random.pick([1, 2, 4]) },
  };
}

function longLives(random: SeededRandom): Partial<Scenario> {
  return {
    accounts: random.integer(3, 5),
    calls: random.integer(4, 5),
    faultPauseMsMax: random.pick([50, 100, 200, 400]),
    faultsMax: random.pick([12, 20, 40]),
  };
}

function denseLives(random: SeededRandom): Partial<Scenario> {
  const [accounts, calls, calmCalls] = random.pick(denseShapes);
  return {
    accounts,
    calls,
    calmCalls,
    restMsMax: random.pick([3, 10, 30]),
    faultPauseMsMax: random.pick([10, 20, 30]),
    faultsMax: random.integer(faultsMin, 16),
  };
}

/** People, calls of each, and how many of these come before the first fault. */
const denseShapes = [
  [6, 2, 1],
  [6, 2, 1],
  [7, 2, 1],
  [5, 3, 1],
  [7, 1, 0],
  [6, 2, 0],
] as const;

function someFaults(random: SeededRandom): FaultMix {
  const kinds = Object.keys(allFaults) as FaultKind[];
  const share = random.pick([0.3, 0.6, 1]);
  const chosen = kinds.filter(() => random.chance(share));
  // At least some that always happen: a schedule with too few faults does not count.
  const all: readonly FaultKind[] = chosen.length > 2 ? chosen : ['agentCrash', 'powerCut', 'badNetwork'];
  return Object.fromEntries(all.map((kind) => [kind, allFaults[kind]]));
}

/** What a schedule must have in it to count: client operations and faults. */
export const operationsMin = 50;
export const faultsMin = 10;
