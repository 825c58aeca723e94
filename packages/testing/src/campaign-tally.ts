import type { SimulationErrorCode } from './errors.js';

/** A schedule that broke something, and what plays it again. */
export interface CampaignViolation {
  readonly seed: string;
  readonly code: SimulationErrorCode;
  readonly message: string;
  /** Plays it again; that of a whole fleet is shrunk as well. */
  readonly again: string;
}

/** What a campaign, or one of its processes, has played. */
export interface CampaignTally {
  /** Schedules with at least `operationsMin` client operations and `faultsMin` faults. */
  readonly schedules: number;
  /** Of these, how many were a hostile host's; the others are whole fleets. */
  readonly hostile: number;
  /** Schedules with fewer: they found nothing either, and do not count. */
  readonly small: number;
  /** Schedules that were played a second time with real primitives. */
  readonly twins: number;
  /** Requests of clients in the schedules that count, without copies and repetitions. */
  readonly operations: number;
  /** Faults by kind, and moves of hostile hosts beside serving and taking over (`host: …`). */
  readonly faults: Readonly<Record<string, number>>;
  /** Checked exchanges between hosts and HSMs. */
  readonly exchanges: number;
  /** Of whole fleets; a hostile host knows no time. */
  readonly virtualMs: number;
  /** Highest seed that was begun; no other campaign should begin below it and at or above this one's first. */
  readonly lastSeed: number;
  readonly violations: readonly CampaignViolation[];
}

export const emptyTally: CampaignTally = {
  schedules: 0,
  hostile: 0,
  small: 0,
  twins: 0,
  operations: 0,
  faults: {},
  exchanges: 0,
  virtualMs: 0,
  lastSeed: 0,
  violations: [],
};

export function addTallies(a: CampaignTally, b: CampaignTally): CampaignTally {
  const kinds = [...new Set([...Object.keys(a.faults), ...Object.keys(b.faults)])].sort();
  return {
    schedules: a.schedules + b.schedules,
    hostile: a.hostile + b.hostile,
    small: a.small + b.small,
    twins: a.twins + b.twins,
    operations: a.operations + b.operations,
    faults: Object.fromEntries(kinds.map((kind) => [kind, (a.faults[kind] ?? 0) + (b.faults[kind] ?? 0)])),
    exchanges: a.exchanges + b.exchanges,
    virtualMs: a.virtualMs + b.virtualMs,
    lastSeed: Math.max(a.lastSeed, b.lastSeed),
    violations: [...a.violations, ...b.violations],
  };
}
