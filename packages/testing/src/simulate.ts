import { SimulationError } from './errors.js';
import type { FaultMix } from './fault-mix.js';
import { type FaultDecision, Faults } from './faults.js';
import { Guesser } from './guesser.js';
import type { History } from './linearizability/history.js';
import { type HistoryTally, verifyHistory } from './linearizability/verify-history.js';
import type { PersistPlace } from './persist-points.js';
import { accountIn, probeGroups } from './probe.js';
import { SimFleet, type SimFleetOptions, simTuning } from './sim-fleet.js';

export interface Scenario extends Omit<SimFleetOptions, 'groups' | 'rollbackTolerance' | 'budgetLimit'> {
  /** Default 2. */
  readonly groups?: number;
  /** Default 0. */
  readonly rollbackTolerance?: number;
  /** Default 4: small, so that vaults run out of guesses. */
  readonly budgetLimit?: number;
  /** People; default 3. */
  readonly accounts?: number;
  /** SDK calls that each of them makes; default 5. */
  readonly calls?: number;
  /** Of these calls, how many all of them have made before the first fault; default 0. So later calls meet faults in short schedules. */
  readonly calmCalls?: number;
  /** Longest time that people rest between two calls; default 800. Short rests let many requests meet in one entry. */
  readonly restMsMax?: number;
  /** Of the accounts, how many have their token stolen by somebody who guesses; default 0. */
  readonly guessers?: number;
  readonly faults: FaultMix;
  /** Of the faults that the seed decides on, the numbers of those that happen; default all. The others keep their numbers. */
  readonly onlyFaults?: readonly number[];
  /** Longest time between two faults; default 400. */
  readonly faultPauseMsMax?: number;
  /** Faults after which people are left in peace; default no end. */
  readonly faultsMax?: number;
  /** Hears what all clients asked and heard, also of a schedule that fails. */
  readonly onHistory?: (history: History) => void;
}

/** What a schedule did. Equal seeds give equal reports, but for `realMs`. */
export interface SimReport {
  readonly seed: string;
  readonly sites: number;
  /** Hash of every trace line. */
  readonly traceHash: string;
  readonly lines: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly faults: number;
  readonly faultKinds: Readonly<Record<string, number>>;
  /** Durable writes by place. */
  readonly writes: Readonly<Record<PersistPlace, number>>;
  /** Requests that clients sent, each counted once however often it arrived. */
  readonly operations: number;
  /** After the last fault: when every group had answered, and when every call had its outcome. */
  readonly recoveredMs: number;
  readonly calmMs: number;
  /** Checked exchanges between hosts and HSMs, and replies that the checker opened. */
  readonly exchanges: number;
  readonly replies: number;
  readonly calls: number;
  readonly retries: number;
  readonly crashes: number;
  /** Evaluations that thieves heard. */
  readonly stolenGuesses: number;
  /** Vault guesses that were gone and that no device had made: replays, thieves. */
  readonly foreignCharges: number;
  readonly committed: readonly string[];
  /** The linearizability check of what clients asked and heard. */
  readonly history: HistoryTally;
  /** What agents reported, and how often: shows which paths a campaign has been down. */
  readonly agentEvents: Readonly<Record<string, number>>;
}

/** Longest time that people act while things fail. */
export const troubleMsMax = 60_000;
/** Within this time after the last fault every call that people wait for has its outcome: the SDK's own waits and retries. */
export const calmMsMax = 30_000;
/** Within this time without faults all replicas are equal. */
export const convergeMsMax = 20_000;

/** Milliseconds after the last fault by which every group answers again: two leases (invariant 8). */
export function recoveryMs({ leaseMs = 0 }: { readonly leaseMs?: number }): number {
  return 2 * leaseMs;
}

/**
 * Plays one schedule: people use their vaults while faults happen; then the faults stop, and everything must come to a
 * good end: each group answers within {@link recoveryMs}, each call gets its outcome, replicas become equal, vaults open.
 * @throws SimulationError with seed and trace for the first violation.
 */
export async function simulate(scenario: Scenario): Promise<SimReport> {
  const startMs = performance.now();
  const fleet = new SimFleet({ groups: 2, rollbackTolerance: 0, budgetLimit: 4, ...scenario });
  const onStray = (cause: unknown): void => fleet.world.violate('crashed', `unhandled: ${String(cause)}`, cause);
  const faults = new Faults(fleet, scenario);
  process.on('unhandledRejection', onStray);
  try {
    const played = await play(fleet, faults, scenario);
    // Every copy of a message is a call of its own here, so that nothing was executed more often than the history says.
    const history = verifyHistory(fleet.history(), { repeatsMax: 0 });
    return { ...report(fleet, scenario, played), history, realMs: Math.round(performance.now() - startMs) };
  } catch (cause) {
    const { trace } = fleet.world;
    const isFinding = cause instanceof SimulationError;
    throw new SimulationError(
      isFinding ? cause.code : 'crashed',
      `seed ${scenario.seed}: ${(cause as Error).message}`,
      {
        cause,
        trace: trace.tail(),
        seed: scenario.seed,
        faults: faults.decided,
      },
    );
  } finally {
    process.off('unhandledRejection', onStray);
    scenario.onHistory?.(fleet.history());
    fleet.close();
  }
}

interface Played extends Pick<SimReport, 'recoveredMs' | 'calmMs'> {
  readonly decided: readonly FaultDecision[];
  readonly guessers: readonly Guesser[];
}

async function play(fleet: SimFleet, faults: Faults, scenario: Scenario): Promise<Played> {
  const { accounts = 3, calls = 5, calmCalls = 0, restMsMax } = scenario;
  fleet.start();
  for (let i = 0; i < accounts; i++) {
    const { groups } = fleet.fleet;
    fleet.addAccount(accountIn(groups, i % groups, `user${i + 1}-`));
  }
  const live = (count: number): (() => boolean) => {
    let living = accounts;
    for (const account of fleet.accounts) void account.live(count, restMsMax).then(() => living--);
    return () => living === 0;
  };
  if (calmCalls > 0 && !(await fleet.run(calmMsMax, live(calmCalls)))) {
    fleet.world.violate('stuck', `a call had no outcome after ${calmMsMax} ms without faults`);
  }
  const guessers = fleet.accounts
    .slice(0, scenario.guessers ?? 0)
    .map(({ device }) => new Guesser(fleet, device.account));
  const isOver = live(calls - calmCalls);
  for (const guesser of guessers) void guesser.run();
  faults.start();
  await fleet.run(troubleMsMax, isOver);
  faults.stop();
  for (const guesser of guessers) guesser.stop();
  for (const account of fleet.accounts) account.stop();
  fleet.world.trace.add('scenario', 'faults stop');
  const times = await calm(fleet, scenario, isOver);
  await verifyEnd(fleet);
  return { decided: faults.decided, ...times, guessers };
}

async function calm(
  fleet: SimFleet,
  scenario: Scenario,
  isOver: () => boolean,
): Promise<{ recoveredMs: number; calmMs: number }> {
  const { world } = fleet;
  const startMs = world.elapsedMs;
  const withinMs = recoveryMs({ ...simTuning, ...scenario.tuning });
  const recoveredMs = await probeGroups(fleet, withinMs);
  if (recoveredMs === undefined) {
    world.violate('stuck', `a group gave no answer within ${withinMs} ms after the last fault`);
  }
  if (!(await fleet.run(calmMsMax, isOver))) world.violate('stuck', `a call had no outcome after ${calmMsMax} ms`);
  return { recoveredMs: recoveredMs ?? withinMs, calmMs: world.elapsedMs - startMs };
}

async function verifyEnd(fleet: SimFleet): Promise<void> {
  await verifyAccounts(fleet);
  if (!(await fleet.run(convergeMsMax, () => fleet.isConverged))) {
    const tips = fleet.living.map((site) =>
      fleet.checker
        .committed()
        .map((_, group) => site.tip(group).index)
        .join('/'),
    );
    fleet.world.violate('unequal-replicas', `tips ${tips.join(' ')}, committed ${fleet.checker.committed().join('/')}`);
  }
  for (const site of fleet.living) for (let group = 0; group < fleet.fleet.groups; group++) site.verifyReplica(group);
  await fleet.run(0);
}

async function verifyAccounts(fleet: SimFleet): Promise<void> {
  let left = fleet.accounts.length;
  for (const account of fleet.accounts) {
    void account.verify().then(() => {
      left--;
    });
  }
  if (!(await fleet.run(calmMsMax, () => left === 0))) fleet.world.violate('stuck', 'a last unlock had no outcome');
}

function report(fleet: SimFleet, { seed, sites }: Scenario, played: Played): Omit<SimReport, 'realMs' | 'history'> {
  const { decided, recoveredMs, calmMs, guessers } = played;
  const { world, checker, accounts } = fleet;
  const sum = (of: (account: (typeof accounts)[number]) => number): number =>
    accounts.reduce((all, one) => all + of(one), 0);
  return {
    seed,
    sites,
    traceHash: world.trace.hash(),
    lines: world.trace.lines,
    events: world.time.events,
    virtualMs: world.elapsedMs,
    faults: decided.length,
    faultKinds: tally(decided.map(({ kind }) => kind)),
    writes: world.points.writes,
    operations: fleet.tap.requests,
    recoveredMs,
    calmMs,
    exchanges: checker.exchanges,
    replies: checker.guesses.repliesRead,
    calls: sum(({ tally }) => tally.calls),
    retries: sum(({ tally }) => tally.retries),
    crashes: sum(({ tally }) => tally.crashes),
    stolenGuesses: guessers.reduce(
      (all, { evaluations }) => all + [...evaluations.values()].reduce((a, b) => a + b, 0),
      0,
    ),
    foreignCharges: sum(({ model }) => model.foreignCharges),
    committed: checker.committed().map(String),
    agentEvents: Object.fromEntries([...fleet.events].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
