import type { FaultKind } from './fault-mix.js';
import { goodLedger, type LedgerProfile } from './faulty-ledger.js';
import { goodNetwork } from './faulty-network.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimFleet } from './sim-fleet.js';
import { gatewayName } from './sim-gateway.js';
import { agentName, ledgerName, type SimSite } from './sim-site.js';

const dayMs = 86_400_000;

/** What ends a fault; undefined for one that is over at once. */
type Undo = (() => void) | undefined;

/** What each kind of fault does to a fleet, with every choice drawn from the random stream of that one fault. */
export class FaultEffects {
  readonly #fleet: SimFleet;

  constructor(fleet: SimFleet) {
    this.#fleet = fleet;
  }

  cause(kind: FaultKind, random: SeededRandom): Undo {
    const { accounts, gateway, living } = this.#fleet;
    const site = random.pick(living);
    const device = accounts.length > 0 ? random.pick(accounts).device : undefined;
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
      case 'siteWipe':
        if (this.#canBeWithout(site)) site.wipe();
        return undefined;
      case 'powerCut':
        site.hsm.cutPower(random.pick(['before-persist', 'after-persist']));
        return restart;
      case 'replicaCut':
        site.cutReplica(random.pick(['before-commit', 'after-commit']));
        return restart;
      case 'ledgerCut':
        site.cutLedger(random.pick(['before', 'after']));
        return restart;
      case 'replicaLoss':
        return this.#loseReplica(random);
      case 'deviceCrash':
        device?.crash();
        return undefined;
      case 'storeCut':
        device?.cutStore(random.pick(['before', 'after']));
        return undefined;
      case 'replay':
        if (gateway.recorded.length > 0) gateway.replay(random.pick(gateway.recorded), site.member);
        return undefined;
      case 'clockJump':
        return this.#setClock(random, site);
      case 'slowSite':
        return this.#slow(site, random.integer(20, 300));
      case 'partition':
      case 'oneWay':
      case 'badNetwork':
        return this.#breakNetwork(kind, random);
      case 'ledgerLoss':
        this.#loseLedgerTail(random);
        return undefined;
      case 'ledgerFork':
        return this.#forkLedger(random);
      case 'badLedger':
      case 'ledgerDown':
      case 'staleLedger':
      case 'corruptLedger':
        return this.#breakLedger(kind, random);
    }
  }

  #breakNetwork(kind: 'partition' | 'oneWay' | 'badNetwork', random: SeededRandom): Undo {
    const { network, world } = this.#fleet;
    if (kind === 'partition') {
      network.partition(this.#sides(random));
      return () => network.heal();
    }
    if (kind === 'oneWay') {
      const [from = ledgerName, to = ledgerName] = random.sample(this.#endpoints(), 2);
      world.trace.add('network', `blocks ${from} > ${to}`);
      network.block(from, to);
      return () => network.heal();
    }
    network.profile = {
      delayMinMs: 1,
      delayMaxMs: random.pick([5, 20, 100]),
      slowRate: random.pick([0, 0.05]),
      slowMaxMs: 2_000,
      lossRate: random.pick([0, 0.02, 0.2]),
      duplicateRate: random.pick([0, 0.1]),
    };
    world.trace.add('network', `profile ${JSON.stringify(network.profile)}`);
    return () => {
      network.profile = goodNetwork;
    };
  }

  #breakLedger(kind: 'badLedger' | 'ledgerDown' | 'staleLedger' | 'corruptLedger', random: SeededRandom): Undo {
    const { weather, world } = this.#fleet;
    if (kind === 'ledgerDown') {
      weather.down = true;
      return () => {
        weather.down = false;
      };
    }
    const profiles: Record<typeof kind, () => Partial<LedgerProfile>> = {
      badLedger: () => ({
        delayMaxMs: random.pick([5, 50]),
        failBeforeRate: random.pick([0, 0.2]),
        failAfterRate: random.pick([0, 0.2]),
      }),
      staleLedger: () => ({ staleRows: random.integer(1, 4) }),
      corruptLedger: () => ({ corruptRate: random.pick([0.1, 0.5, 1]) }),
    };
    weather.profile = { ...goodLedger, ...profiles[kind]() };
    world.trace.add(ledgerName, `profile ${JSON.stringify(weather.profile)}`);
    return () => {
      weather.profile = goodLedger;
    };
  }

  /** Every message of the site and every step of its HSM takes longer. */
  #slow(site: SimSite, slowMs: number): Undo {
    const { network, world } = this.#fleet;
    const name = agentName(site.member);
    world.trace.add('network', `slows ${name} by ${slowMs} ms`);
    network.slowMs.set(name, slowMs);
    site.hsm.slowMs = slowMs;
    return () => {
      network.slowMs.delete(name);
      site.hsm.slowMs = 0;
    };
  }

  #setClock(random: SeededRandom, site: SimSite): Undo {
    const { accounts, gateway, ledgerClock, world } = this.#fleet;
    const byMs = random.pick([1_000, 60_000, dayMs]);
    const which = random.pick(['agent', 'gateway', 'ledger', 'device'] as const);
    const sign = random.pick([-1, 1]);
    const account = accounts.length > 0 ? random.pick(accounts) : undefined;
    world.trace.add('fault', `clock of ${which === 'agent' ? agentName(site.member) : which}: ${sign * byMs} ms`);
    switch (which) {
      // Durations are taken from a clock that nobody sets; it leaps when the machine was asleep.
      case 'agent':
        site.clock.offsetMs += byMs;
        return undefined;
      case 'gateway':
        gateway.clock.offsetMs += byMs;
        return undefined;
      case 'ledger':
        ledgerClock.offsetMs = sign * byMs;
        return () => {
          ledgerClock.offsetMs = 0;
        };
      case 'device':
        if (account !== undefined) account.device.clock.offsetMs = sign * byMs;
        return () => {
          if (account !== undefined) account.device.clock.offsetMs = 0;
        };
    }
  }

  /** A failover of the engine that forgets the newest rows of one group. */
  #loseLedgerTail(random: SeededRandom): void {
    for (const store of this.#fleet.ledgers) {
      const log = random.pick(store.logs);
      const { index } = log.tail;
      const rows = random.integer(1, 3);
      const keep = index - BigInt(rows);
      const kept = keep >= 1n ? lastRow(() => log.read(keep, 1)) : undefined;
      if (kept === undefined) continue;
      this.#fleet.world.trace.add(ledgerName, `forgets #${keep + 1n} to #${index} of g${store.logs.indexOf(log)}`);
      log.cut({ round: (1n << 64n) - 1n, leaderId: 0xffff }, kept);
      // What raised the newest term may be among what is forgotten.
      if (random.chance(0.5)) log.term = kept.term;
    }
  }

  /** Two engines with one past; the one that loses takes its rows with it. */
  #forkLedger(random: SeededRandom): Undo {
    const fleet = this.#fleet;
    const members = fleet.sites.map(({ member }) => member);
    const winner = random.pick(members);
    fleet.forkLedger(random.sample(members, random.integer(1, members.length)));
    return () => fleet.joinLedgers(winner);
  }

  /** One site's disk is lost, while every other site that matters still has its own. */
  #loseReplica(random: SeededRandom): Undo {
    const holders = this.#holders();
    if (holders.length < this.#fleet.fleet.quorum) return undefined;
    const site = random.pick(holders);
    site.crashAgent();
    site.wipeReplica();
    return () => site.start();
  }

  /** Whether a quorum goes on without this site, and holds all that is committed. */
  #canBeWithout(site: SimSite): boolean {
    const { fleet, living } = this.#fleet;
    const others = this.#holders().filter((other) => other !== site);
    return living.length > fleet.quorum && others.length >= fleet.quorum;
  }

  #holders(): readonly SimSite[] {
    const committed = this.#fleet.checker.committed();
    return this.#fleet.living.filter((site) => committed.every((index, group) => site.tip(group).index >= index));
  }

  /** Sides of a partition: everybody is somewhere, the ledger and the gateway as well. */
  #sides(random: SeededRandom): string[][] {
    const left: string[] = [];
    const right: string[] = [];
    for (const endpoint of this.#endpoints()) (random.chance(0.5) ? left : right).push(endpoint);
    return [left, right];
  }

  #endpoints(): string[] {
    return [...this.#fleet.sites.map(({ member }) => agentName(member)), ledgerName, gatewayName];
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
