import { SimulationError } from './errors.js';
import { noFaults } from './fault-mix.js';
import { type Scenario, simulate } from './simulate.js';

/** Schedules that one shrinking plays at most. */
export const shrinkTriesMax = 150;

export interface Shrunk {
  /** The smallest schedule found that still breaks the same promise. Its `onlyFaults` names what is left. */
  readonly scenario: Scenario;
  readonly error: SimulationError;
  /** Schedules that were played to find it. */
  readonly tries: number;
}

/**
 * Looks for a smaller schedule that breaks the same promise: fewer people, thieves and calls, then fewer faults (halves,
 * quarters and so on down to single ones), until nothing more can be left out. The same scenario shrinks to the same one.
 * @param error - what `simulate(scenario)` threw.
 */
export async function shrink(
  scenario: Scenario,
  error: SimulationError,
  {
    triesMax = shrinkTriesMax,
    play = simulate,
  }: { triesMax?: number; play?: (one: Scenario) => Promise<unknown> } = {},
): Promise<Shrunk> {
  let best: Shrunk = { scenario, error, tries: 0 };
  let tries = 0;
  const attempt = async (smaller: Scenario): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries++;
    try {
      await play(smaller);
      return false;
    } catch (cause) {
      if (!(cause instanceof SimulationError)) throw cause;
      if (cause.code !== error.code) return false;
      best = { scenario: smaller, error: cause, tries };
      return true;
    }
  };
  for (let before: Scenario | undefined; before !== best.scenario; ) {
    before = best.scenario;
    await fewer(() => best, attempt);
    await fewerFaults(() => best, attempt);
  }
  return { ...best, tries };
}

type Attempt = (smaller: Scenario) => Promise<boolean>;

/** People, thieves and calls, one number after the other: to one, else to half, else to one less. */
async function fewer(best: () => Shrunk, attempt: Attempt): Promise<void> {
  const sizes = [
    ['guessers', 0, 0],
    ['accounts', 1, 3],
    ['calls', 1, 5],
  ] as const;
  for (const [name, least, usual] of sizes) {
    for (let isSmaller = true; isSmaller; ) {
      isSmaller = false;
      const now = best().scenario[name] ?? usual;
      for (const size of new Set([least, Math.max(least, now >> 1), now - 1])) {
        if (size >= least && size < now && !isSmaller) isSmaller = await attempt({ ...best().scenario, [name]: size });
      }
    }
  }
}

/** Delta debugging (Zeller and Hildebrandt, 2002) over the faults that happened. */
async function fewerFaults(best: () => Shrunk, attempt: Attempt): Promise<void> {
  const happened = (): readonly number[] => best().error.faults.map(({ number }) => number);
  if (happened().length > 0) await attempt({ ...best().scenario, faults: noFaults });
  for (let parts = 2; happened().length > 0; ) {
    const all = happened();
    const size = Math.ceil(all.length / parts);
    let isSmaller = false;
    for (let at = 0; at < all.length && !isSmaller; at += size) {
      const rest = [...all.slice(0, at), ...all.slice(at + size)];
      isSmaller = await attempt({ ...best().scenario, onlyFaults: rest });
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (size === 1) return;
    else parts *= 2;
  }
}

/** How to play a scenario of the command line again. */
export function commandOf(scenario: Scenario): string {
  const { seed, sites, groups, accounts, calls, guessers, rollbackTolerance, onlyFaults, crashAt } = scenario;
  const options = {
    ...{ seed, sites, groups, accounts, calls, guessers, tolerance: rollbackTolerance },
    ...{ pause: scenario.faultPauseMsMax, 'faults-max': scenario.faultsMax },
    ...{ 'calm-calls': scenario.calmCalls, rest: scenario.restMsMax },
    ...{ gather: scenario.tuning?.gatherMs, pipeline: scenario.tuning?.pipelineDepth },
  };
  const words = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  const kinds = Object.entries(scenario.faults).flatMap(([kind, weight]) => (weight > 0 ? [`${kind}=${weight}`] : []));
  const only = onlyFaults === undefined ? [] : [`--only ${onlyFaults.join(',') || '0'}`];
  const faults = kinds.length === 0 ? ['--calm'] : [`--faults ${kinds.join(',')}`, ...only];
  const point = crashAt === undefined ? [] : [`--crash-at ${crashAt.place}:${crashAt.write}:${crashAt.moment}`];
  return `npm run sim -- ${[...words, ...faults, ...point].join(' ')}`;
}
