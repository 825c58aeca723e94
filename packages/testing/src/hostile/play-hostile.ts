import { Hsm, SoftKeyStore } from '@coffer/hsm';
import { type FleetDescriptor, vaultIdOf } from '@coffer/protocol';
import { SimulationError } from '../errors.js';
import { FleetChecker } from '../fleet-checker.js';
import { fleetKit } from '../fleet-kit.js';
import { accountIn } from '../probe.js';
import { SeededEntropy, SeededRandom } from '../seeded-random.js';
import { simTenant } from '../sim-gateway.js';
import type { HsmCore } from '../sim-hsm.js';
import { SimWorld } from '../sim-world.js';
import type { Field } from './field.js';
import { HostileHost } from './hostile-host.js';
import { moves } from './moves.js';
import { peace } from './peace.js';
import { Person } from './person.js';
import { Victim } from './victim.js';

export interface HostileScenario {
  readonly seed: string;
  /** Drawn from {@link hostileShapes} unless both are given. */
  readonly sites?: number;
  readonly rollbackTolerance?: number;
  /** HSMs whose old state is put back; default `rollbackTolerance`, as many as the fleet says it stands. */
  readonly restored?: number;
  /** Moves of the host; default 120. */
  readonly moves?: number;
  /** Goes on after its moves until HSMs were given so many requests of people, for up to {@link prolongedMax} times as many; default 0. */
  readonly operationsMin?: number;
  /** What the HSMs run; default the real core. */
  readonly core?: HsmCore;
  /** Hears every trace line at once. */
  readonly onLine?: (line: string) => void;
}

/** What a host did in one schedule, and what came of it. Equal seeds give equal reports. */
export interface HostileReport {
  readonly seed: string;
  readonly sites: number;
  readonly rollbackTolerance: number;
  readonly restored: number;
  readonly traceHash: string;
  /** How often each kind of move was made; not those that came to nothing, for want of a leader or of something old. */
  readonly moves: Readonly<Record<string, number>>;
  /** Requests of people that HSMs were given, each counted once however often the host made use of it. */
  readonly operations: number;
  readonly frames: number;
  readonly refused: number;
  readonly restarts: number;
  /** Old states that were put back. */
  readonly restores: number;
  /** Entries whose replies were released, and replies that reached who had asked. */
  readonly released: number;
  readonly heard: number;
  /** Replies whose proof was believed, each beside a spliced one that was not. */
  readonly proofs: number;
  readonly committed: readonly string[];
}

/** Sites and tolerance. With 4 and 1 (quorum 3) as with 3 and 0, one restored HSM more than declared is one too many. */
export const hostileShapes = [
  [3, 0],
  [4, 1],
  [5, 0],
  [5, 1],
] as const;

/** Kinds of moves that a schedule is made of. */
export const hostileMoves: readonly string[] = Object.keys(moves);
/** Of these, serving people and taking over, which is what a host is for. */
export const honestMoves: ReadonlySet<string> = new Set(['serve', 'pipeline', 'take over']);

const hostileGroups = 2;
const budgetLimit = 3;
const movesDefault = 120;
/** Enough for a host that restarts its leaders all the time; one that gets nowhere at all has an end too. */
export const prolongedMax = 5;

/**
 * Plays one schedule of a host that attacks honest HSMs: no agent, no ledger, nobody who follows a rule but the HSMs and the
 * people with vaults. Liveness is not asked for; the checkers are those of the simulator, after every frame.
 * @throws SimulationError with seed and trace for the first violation.
 */
export async function playHostile(scenario: HostileScenario): Promise<HostileReport> {
  const { seed, core = Hsm } = scenario;
  const random = new SeededRandom(`hostile ${seed}`);
  const drawn = random.fork('shape').pick(hostileShapes);
  const { sites = drawn[0], rollbackTolerance = drawn[1] } = scenario;
  const { restored = rollbackTolerance } = scenario;
  const kit = fleetKit({ sites, groups: hostileGroups, rollbackTolerance, budgetLimit });
  const world = new SimWorld(random, scenario.onLine);
  const checker = new FleetChecker(world, kit.fleet, kit.channelKey, () => true);
  const victims = kit.fleet.members.map(({ id }) => {
    const own = random.fork(`hsm ${id}`);
    const keyStore = SoftKeyStore.from(kit.keyStores[id - 1] as Uint8Array, new SeededEntropy(own.fork('store')));
    const entropy = (boot: number) => new SeededEntropy(own.fork(`boot ${boot}`));
    return new Victim(world, {
      member: id,
      fleet: kit.fleet,
      keyStore,
      state: kit.states[id - 1] as Uint8Array,
      core,
      entropy,
    });
  });
  // From hardly ever to between every two frames, leaders spared: a leader that restarts has to begin a new term.
  const restartRates = random.fork('restarts').pick([
    [0, 0],
    [0.01, 0.05],
    [0.02, 1],
    [0.2, 0.2],
  ] as const);
  const host = new HostileHost(world, { kit, victims, checker });
  const people = Array.from({ length: hostileGroups }, (_, group) =>
    peopleOf(kit.fleet, group, random.fork(`people ${group}`)),
  ).flat();
  const whoIsRestored = random.fork('restored').sample(host.members, restored);
  const field: Field = { host, random: random.fork('moves'), people, restored: whoIsRestored, lossRate: 0.1 };
  try {
    await peace(field);
    host.restartRates = restartRates;
    const made = await attack(field, scenario.moves ?? movesDefault, scenario.operationsMin ?? 0);
    const { tally } = host;
    return {
      seed,
      sites,
      rollbackTolerance,
      restored,
      traceHash: world.trace.hash(),
      moves: made,
      operations: host.operations.size,
      ...tally,
      committed: checker.committed().map(String),
    };
  } catch (thrown) {
    const cause = firstViolation(world) ?? thrown;
    const code = cause instanceof SimulationError ? cause.code : 'crashed';
    const message = `seed ${seed}: ${(cause as Error).message}`;
    throw new SimulationError(code, message, { cause, trace: world.trace.tail(), seed });
  }
}

/** What broke first, when the host's own code then stumbled over it. */
function firstViolation(world: SimWorld): unknown {
  try {
    world.check();
  } catch (cause) {
    return cause;
  }
  return undefined;
}

/** Two vaults of a group: one that its owner and a thief use, one with two devices. */
function peopleOf(fleet: FleetDescriptor, group: number, random: SeededRandom): Person[] {
  return ['target', 'other'].flatMap((name, at) => {
    const vault = { fleet, vaultId: vaultIdOf(simTenant, accountIn(hostileGroups, group, name)) };
    const person = (isOwner: boolean, who: string) =>
      new Person(random.fork(`${name} ${who}`), vault, { isOwner, budgetMax: 2 + at });
    return [person(true, 'owner'), person(at === 1, 'second')];
  });
}

async function attack(field: Field, count: number, operationsMin: number): Promise<Record<string, number>> {
  const { host, random } = field;
  const bag = Object.entries(moves).flatMap(([name, [weight]]) => Array.from({ length: weight }, () => name));
  const made: Record<string, number> = {};
  const isOver = (i: number): boolean =>
    i >= prolongedMax * count || (i >= count && host.operations.size >= operationsMin);
  for (let i = 0; !isOver(i); i++) {
    const name = random.pick(bag);
    host.world.trace.add('host', name);
    const before = host.doings;
    await moves[name]?.[1](field);
    if (host.doings > before) made[name] = (made[name] ?? 0) + 1;
    host.world.check();
    await host.world.run(1);
  }
  return made;
}
