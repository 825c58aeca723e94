import { goodLedger } from './faulty-ledger.js';
import { goodNetwork } from './faulty-network.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimFleet } from './sim-fleet.js';
import { gatewayName } from './sim-gateway.js';
import { agentName, ledgerName } from './sim-site.js';

/** Kinds of faults, each with its weight against the others; 0 or absent never happens. */
export interface FaultMix {
  readonly agentCrash?: number;
  readonly hsmCrash?: number;
  readonly powerCut?: number;
  readonly siteCrash?: number;
  readonly partition?: number;
  readonly oneWay?: number;
  readonly badNetwork?: number;
  readonly badLedger?: number;
  readonly ledgerDown?: number;
  readonly ledgerLoss?: number;
  readonly replicaCut?: number;
  readonly replicaLoss?: number;
  readonly deviceCrash?: number;
  readonly replay?: number;
}

/** Everything that can go wrong, with crashes and the network in front. */
export const allFaults: Required<FaultMix> = {
  agentCrash: 4,
  hsmCrash: 3,
  powerCut: 4,
  siteCrash: 2,
  partition: 4,
  oneWay: 2,
  badNetwork: 4,
  badLedger: 3,
  ledgerDown: 1,
  ledgerLoss: 1,
  replicaCut: 3,
  replicaLoss: 1,
  deviceCrash: 3,
  replay: 4,
};

export const noFaults: FaultMix = {};

const pauseMsMax = 400;
const repairMsMax = 3_000;

/** What happens to a fleet: one fault after another, each undone by itself after a while. */
export class Faults {
  readonly #fleet: SimFleet;
  readonly #random: SeededRandom;
  readonly #kinds: readonly (keyof FaultMix)[];
  #count = 0;
  #isStopped = false;

  constructor(fleet: SimFleet, mix: FaultMix) {
    this.#fleet = fleet;
    this.#random = fleet.world.random.fork('faults');
    // The log's rows are in the ledger and in replicas. Who loses both copies of a row loses the group: that is no fault
    // that a fleet must survive, so a schedule has one kind of loss or the other.
    const spared = this.#random.pick(['ledgerLoss', 'replicaLoss']);
    const isBoth = (mix.ledgerLoss ?? 0) > 0 && (mix.replicaLoss ?? 0) > 0;
    this.#kinds = (Object.keys(allFaults) as (keyof FaultMix)[])
      .filter((kind) => !isBoth || kind !== spared)
      .flatMap((kind) => Array.from({ length: mix[kind] ?? 0 }, () => kind));
  }

  /** Faults so far. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    if (this.#kinds.length > 0) this.#later(pauseMsMax, () => this.#next());
  }

  /** No further fault, and all that happened is undone. */
  stop(): void {
    this.#isStopped = true;
    this.#fleet.heal();
  }

  #next(): void {
    this.#count++;
    const undo = this.#cause(this.#random.pick(this.#kinds));
    this.#later(repairMsMax, undo ?? (() => undefined));
    this.#later(pauseMsMax, () => this.#next());
  }

  /** @returns what ends it. */
  #cause(kind: keyof FaultMix): (() => void) | undefined {
    const { network, weather, sites, accounts, gateway, world } = this.#fleet;
    const site = this.#random.pick(sites);
    const restart = (): void => site.start();
    switch (kind) {
      case 'agentCrash':
        site.crashAgent();
        return restart;
      case 'hsmCrash':
        site.hsm.crash();
        return restart;
      case 'siteCrash':
        site.crashAgent();
        site.hsm.crash();
        return restart;
      case 'powerCut':
        site.hsm.cutPower(this.#random.pick(['before-persist', 'after-persist']));
        return restart;
      case 'partition':
        network.partition(this.#sides());
        return () => network.heal();
      case 'oneWay': {
        const [from = ledgerName, to = ledgerName] = this.#random.sample(this.#endpoints(), 2);
        world.trace.add('network', `blocks ${from} > ${to}`);
        network.block(from, to);
        return () => network.heal();
      }
      case 'badNetwork':
        network.profile = {
          delayMinMs: 1,
          delayMaxMs: this.#random.pick([5, 20, 100]),
          slowRate: this.#random.pick([0, 0.05]),
          slowMaxMs: 2_000,
          lossRate: this.#random.pick([0, 0.02, 0.2]),
          duplicateRate: this.#random.pick([0, 0.1]),
        };
        world.trace.add('network', `profile ${JSON.stringify(network.profile)}`);
        return () => {
          network.profile = goodNetwork;
        };
      case 'badLedger':
        weather.profile = {
          delayMinMs: 1,
          delayMaxMs: this.#random.pick([5, 50]),
          failBeforeRate: this.#random.pick([0, 0.2]),
          failAfterRate: this.#random.pick([0, 0.2]),
        };
        return () => {
          weather.profile = goodLedger;
        };
      case 'ledgerDown':
        world.trace.add(ledgerName, 'down');
        weather.down = true;
        return () => {
          weather.down = false;
        };
      case 'ledgerLoss':
        this.#loseLedgerTail();
        return undefined;
      case 'replicaCut':
        site.cutReplica(this.#random.pick(['before-commit', 'after-commit']));
        return restart;
      case 'replicaLoss':
        return this.#loseReplica();
      case 'deviceCrash':
        if (accounts.length > 0) this.#random.pick(accounts).device.crash();
        return undefined;
      case 'replay':
        if (gateway.recorded.length > 0) gateway.replay(this.#random.pick(gateway.recorded), site.member);
        return undefined;
    }
  }

  /** A failover of the engine that forgets the newest rows of one group. */
  #loseLedgerTail(): void {
    for (const store of this.#fleet.ledgers) {
      const log = this.#random.pick(store.logs);
      const { index } = log.tail;
      const rows = this.#random.integer(1, 3);
      const keep = index - BigInt(rows);
      const kept = keep >= 1n ? lastRow(() => log.read(keep, 1)) : undefined;
      if (kept === undefined) continue;
      this.#fleet.world.trace.add(ledgerName, `forgets #${keep + 1n} to #${index} of g${store.logs.indexOf(log)}`);
      log.cut({ round: (1n << 64n) - 1n, leaderId: 0xffff }, kept);
      // What raised the newest term may be among what is forgotten.
      if (this.#random.chance(0.5)) log.term = kept.term;
    }
  }

  /** One site's disk is lost, while every other site that matters still has its own. */
  #loseReplica(): (() => void) | undefined {
    const { sites, checker } = this.#fleet;
    const holders = sites.filter((site) => checker.committed().every((index, group) => site.tip(group).index >= index));
    if (holders.length < this.#fleet.fleet.quorum) return undefined;
    const site = this.#random.pick(holders);
    site.crashAgent();
    site.wipeReplica();
    return () => site.start();
  }

  /** Sides of a partition: everybody is somewhere, the ledger and the gateway as well. */
  #sides(): string[][] {
    const left: string[] = [];
    const right: string[] = [];
    for (const endpoint of this.#endpoints()) (this.#random.chance(0.5) ? left : right).push(endpoint);
    return [left, right];
  }

  #endpoints(): string[] {
    return [...this.#fleet.sites.map(({ member }) => agentName(member)), ledgerName, gatewayName];
  }

  #later(withinMs: number, task: () => void): void {
    this.#fleet.world.time.after(this.#random.integer(1, withinMs), () => {
      if (!this.#isStopped) task();
    });
  }
}

function lastRow<T>(read: () => readonly T[]): T | undefined {
  try {
    return read()[0];
  } catch {
    // Trimmed: an engine that forgets as much as that is another fault.
    return undefined;
  }
}
