import type { AgentEvent, AgentTuning } from '@coffer/agent';
import { type HostReply, type HostRequest, Hsm, SoftKeyStore } from '@coffer/hsm';
import { MemoryLedgerStore } from '@coffer/ledger';
import { type FleetDescriptor, genesisHash } from '@coffer/protocol';
import { SimulationError } from './errors.js';
import { FaultyLedger, goodLedger, type LedgerWeather } from './faulty-ledger.js';
import { FaultyNetwork, goodNetwork } from './faulty-network.js';
import { FleetChecker } from './fleet-checker.js';
import { type FleetShape, fleetKit } from './fleet-kit.js';
import { ExchangeTap } from './linearizability/exchange-tap.js';
import type { History } from './linearizability/history.js';
import { HistoryRecorder } from './linearizability/history-recorder.js';
import { type PersistPoint, PersistPoints } from './persist-points.js';
import { SeededEntropy, SeededRandom } from './seeded-random.js';
import { SimAccount } from './sim-account.js';
import { SimClock } from './sim-clock.js';
import { SimDevice } from './sim-device.js';
import { SimGateway } from './sim-gateway.js';
import { type HsmCore, type HsmMutation, SimHsm } from './sim-hsm.js';
import { agentName, ledgerName, SimSite } from './sim-site.js';
import { SimWorld } from './sim-world.js';

/**
 * A rule that is deliberately cut out, to show that the checkers see it.
 *
 * - `small-quorum`: HSMs and agents take a single capture for a certificate.
 * - `amnesia`: HSMs forget their persisted state at every restart.
 * - `forked-ledger`: odd and even sites have ledgers of their own. No rule at all: HSMs must stay safe over it.
 */
export type Sabotage = 'small-quorum' | 'amnesia' | 'forked-ledger';

export interface SimFleetOptions extends FleetShape {
  readonly seed: string;
  readonly tuning?: Partial<AgentTuning>;
  readonly sabotage?: readonly Sabotage[];
  /** What the HSMs run; default the real core. */
  readonly core?: HsmCore;
  /** Changes what hosts hear from their HSMs. */
  readonly mutate?: HsmMutation;
  /** Some process dies at this one durable write, and is started again. */
  readonly crashAt?: PersistPoint;
  /** Hears every message on the network. */
  readonly onMessage?: (message: Uint8Array) => void;
  /** Hears every trace line at once. */
  readonly onLine?: (line: string) => void;
}

/** How long a supervisor takes to start again what died at a chosen write. */
const supervisorMs = 300;

/** Times that suit virtual time: short enough for short schedules, in the proportions of the real ones. */
export const simTuning: Partial<AgentTuning> = {
  leaseMs: 1_500,
  leaseStaggerMs: 100,
  peerTimeoutMs: 400,
  quorumTimeoutMs: 800,
};

/** A whole fleet in one process: real HSM cores, agents, replicas and clients; simulated time, network, ledger and power. */
export class SimFleet {
  readonly world: SimWorld;
  readonly fleet: FleetDescriptor;
  readonly network: FaultyNetwork;
  readonly weather: LedgerWeather = { profile: goodLedger, down: false };
  ledgers: readonly MemoryLedgerStore[];
  readonly sites: readonly SimSite[];
  readonly gateway: SimGateway;
  /** The clock of the ledger's engine, which leases run by. */
  readonly ledgerClock: SimClock;
  readonly checker: FleetChecker;
  readonly accounts: SimAccount[] = [];
  /** Reads and records every post of every client. */
  readonly tap: ExchangeTap;
  /** How often agents reported what, by type (and for some, kind) of event. */
  readonly events = new Map<string, number>();
  readonly #seed: string;
  readonly #recorder: HistoryRecorder;
  readonly #handles = new Map<number, FaultyLedger>();
  /** Sites that a split brain has given an engine of their own. */
  readonly #engines = new Map<number, MemoryLedgerStore>();
  readonly #newLedgers: () => readonly MemoryLedgerStore[];

  constructor(options: SimFleetOptions) {
    const { seed, sites, groups, budgetLimit, rollbackTolerance, sabotage = [], mutate = () => undefined } = options;
    if (sites < 1) throw new SimulationError('bad-options', 'a fleet has a site');
    const kit = fleetKit({ sites, groups, budgetLimit, rollbackTolerance });
    this.fleet = kit.fleet;
    const points = new PersistPoints(options.crashAt);
    this.world = new SimWorld(new SeededRandom(`seed ${seed}`), options.onLine, points);
    points.onDeath = () => this.world.time.after(supervisorMs, () => this.start());
    this.ledgerClock = new SimClock(this.world.time);
    this.#seed = seed;
    this.#recorder = new HistoryRecorder(() => this.world.elapsedMs);
    this.tap = new ExchangeTap(this.#recorder, kit.fleet, kit.channelKey);
    this.network = new FaultyNetwork(this.world.time, this.world.random.fork('network'), this.world.trace);
    this.network.onMessage = options.onMessage;
    this.checker = new FleetChecker(this.world, kit.fleet, kit.channelKey, (member, group, at) =>
      this.site(member).holds(group, at),
    );
    const genesis = Array.from({ length: groups }, (_, group) => genesisHash(kit.fleet.configHash, group));
    const ledgerFleet = { configHash: kit.fleet.configHash, genesis };
    const forks = sabotage.includes('forked-ledger') ? 2 : 1;
    this.#newLedgers = () => Array.from({ length: forks }, () => new MemoryLedgerStore(ledgerFleet, this.ledgerClock));
    this.ledgers = this.#newLedgers();
    const hosted = sabotage.includes('small-quorum') ? { ...kit.fleet, quorum: 1 } : kit.fleet;
    this.sites = kit.fleet.members.map(({ id }) => {
      const name = agentName(id);
      return new SimSite({
        world: this.world,
        fleet: hosted,
        network: this.network,
        tuning: { ...simTuning, ...options.tuning },
        hsm: new SimHsm(this.world, {
          member: id,
          fleet: hosted,
          keyStore: SoftKeyStore.from(
            kit.keyStores[id - 1] as Uint8Array,
            new SeededEntropy(this.world.random.fork(`store ${id}`)),
          ),
          state: kit.states[id - 1] as Uint8Array,
          core: options.core ?? Hsm,
          forgets: sabotage.includes('amnesia'),
          observe: (member: number, request: HostRequest, reply: HostReply) =>
            this.checker.observe(member, request, reply),
          mutate,
        }),
        openLedger: (who, random, aroundWrite) => {
          const handle = new FaultyLedger(
            this.#engineOf(id).open(),
            who,
            { time: this.world.time, random, weather: this.weather, trace: this.world.trace, points },
            () => !this.network.isBlocked(name, ledgerName) && !this.network.isBlocked(ledgerName, name),
            aroundWrite,
          );
          this.#handles.set(id, handle);
          return handle;
        },
        onEvent: (event) => this.#count(event),
        onBatch: (items) => this.tap.given(id, items),
        peer: (member) => this.site(member),
      });
    });
    this.gateway = new SimGateway(this.world, kit.fleet, this.network, this.sites, this.tap);
  }

  /** The site of a member. */
  site(member: number): SimSite {
    const site = this.sites[member - 1];
    if (site === undefined) throw new SimulationError('bad-options', `no member ${member}`);
    return site;
  }

  /** Starts everything that is not running. */
  start(): void {
    for (const site of this.sites) site.start();
  }

  /** Ends every fault: messages flow, the ledger answers, every process runs. */
  heal(): void {
    this.network.heal();
    this.network.profile = goodNetwork;
    this.weather.profile = goodLedger;
    this.weather.down = false;
    this.network.slowMs.clear();
    for (const { hsm } of this.sites) hsm.slowMs = 0;
    this.ledgerClock.offsetMs = 0;
    for (const { device } of this.accounts) device.clock.offsetMs = 0;
    this.joinLedgers();
    this.start();
  }

  /** The engine splits: these members now talk to a second one, which starts with everything that the first one has. */
  forkLedger(members: readonly number[]): void {
    this.world.trace.add(ledgerName, `forks for ${members.map(agentName).join('+')}`);
    const fork = this.#engineOf(members[0] ?? 1).fork();
    for (const member of members) this.#switch(member, fork);
  }

  /** All members talk to the engine of `winner` again; what only the other one has is lost with it. */
  joinLedgers(winner = 1): void {
    if (this.#engines.size === 0) return;
    this.world.trace.add(ledgerName, `goes on as that of ${agentName(winner)}`);
    this.ledgers = [this.#engineOf(winner)];
    const members = this.sites.map(({ member }) => member);
    this.#engines.clear();
    for (const member of members) this.#handles.get(member)?.switchTo(this.#engineOf(member).open());
  }

  #switch(member: number, engine: MemoryLedgerStore): void {
    this.#engines.set(member, engine);
    this.#handles.get(member)?.switchTo(engine.open());
  }

  #engineOf(member: number): MemoryLedgerStore {
    return this.#engines.get(member) ?? (this.ledgers[member % this.ledgers.length] as MemoryLedgerStore);
  }

  /** Sites that are not gone for good. */
  get living(): readonly SimSite[] {
    return this.sites.filter(({ isLost }) => !isLost);
  }

  /** The ledger's engine is replaced by an empty one. Agents notice when they open it again: they must be down. */
  loseLedger(): void {
    this.world.trace.add('ledger', 'is lost');
    this.ledgers = this.#newLedgers();
  }

  /** A person with a device and an account of this name. */
  addAccount(name: string): SimAccount {
    const { world, fleet, network, gateway, tap } = this;
    const account = new SimAccount(
      world,
      new SimDevice({ world, fleet, network, gateway, tap }, name),
      fleet.budgetLimit,
    );
    this.accounts.push(account);
    return account;
  }

  /** @returns whether `isDone` ended the run within `forMs`. @throws SimulationError for the first violation. */
  run(forMs: number, isDone?: () => boolean): Promise<boolean> {
    return this.world.run(forMs, isDone);
  }

  /** Whether every replica holds exactly what is committed. */
  get isConverged(): boolean {
    return this.checker
      .committed()
      .every((index, group) => this.living.every((site) => site.tip(group).index === index));
  }

  #count(event: AgentEvent): void {
    const kind = event.type === 'caught-up' ? ` ${event.how}` : event.type === 'alarm' ? ` ${event.alarm.code}` : '';
    const name = `${event.type}${kind}`;
    this.events.set(name, (this.events.get(name) ?? 0) + 1);
  }

  /** What every client asked and heard so far. */
  history(): History {
    const head = { v: 1, clock: 'virtual', budgetLimit: this.fleet.budgetLimit, origin: `seed ${this.#seed}` } as const;
    return { head, events: this.#recorder.events };
  }

  /** Ends all processes and frees their memory. */
  close(): void {
    for (const site of this.sites) site.close();
  }
}
