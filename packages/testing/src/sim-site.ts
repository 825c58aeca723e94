import { Agent, AgentError, type AgentEvent, type AgentStatus, type AgentTuning } from '@coffer/agent';
import type { BatchItem } from '@coffer/hsm';
import type { Ledger } from '@coffer/ledger';
import type { FleetDescriptor, Position } from '@coffer/protocol';
import { Replica } from '@coffer/replica';
import type { AroundWrite } from './faulty-ledger.js';
import type { FaultyNetwork } from './faulty-network.js';
import { Life } from './life.js';
import { mortalLedger, mortalReplica } from './mortal.js';
import { SeededEntropy, type SeededRandom } from './seeded-random.js';
import { SimClock } from './sim-clock.js';
import { HsmGone, type SimHsm } from './sim-hsm.js';
import type { SimWorld } from './sim-world.js';

/** How long a supervisor waits before it starts a process again that did not start. */
const restartMs = 200;
/** Entries that a replica holds above its newest certificate. */
const undoEntriesMax = 64;

/** Name of a member's agent on the network. */
export const agentName = (member: number): string => `agent${member}`;
/** Name of the ledger's engine on the network. */
export const ledgerName = 'ledger';

/** Where the agent's process dies around a transaction of its replica. */
export type ReplicaCut = 'before-commit' | 'after-commit';
/** Where the agent's process dies around a write to the ledger. */
export type LedgerCut = 'before' | 'after';

export interface SimSiteParts {
  readonly world: SimWorld;
  readonly fleet: FleetDescriptor;
  readonly network: FaultyNetwork;
  readonly hsm: SimHsm;
  readonly tuning: Partial<AgentTuning>;
  /** A fresh handle on the ledger, for one run of the agent. */
  readonly openLedger: (name: string, random: SeededRandom, aroundWrite: AroundWrite) => Ledger;
  /** Hears what the agent tells its log. */
  readonly onEvent: (event: AgentEvent) => void;
  /** Hears each batch that the agent gives to its HSM. */
  readonly onBatch: (items: readonly BatchItem[]) => void;
  /** The site of another member. */
  readonly peer: (member: number) => SimSite;
}

/** One datacenter: an HSM's process, a replica on its disk, and the agent's process, each of which fails by itself. */
export class SimSite {
  readonly member: number;
  readonly hsm: SimHsm;
  readonly #parts: SimSiteParts;
  readonly #random: SeededRandom;
  #replica: Replica;
  #agent: Agent | undefined;
  #life = new Life();
  #runs = 0;
  #isWanted = false;
  #replicaCut: ReplicaCut | undefined;
  #ledgerCut: LedgerCut | undefined;
  #isLost = false;
  /** What the agent measures durations with: it may leap forward and never goes back. */
  readonly clock: SimClock;

  constructor(parts: SimSiteParts) {
    this.member = parts.hsm.member;
    this.hsm = parts.hsm;
    this.clock = new SimClock(parts.world.time);
    this.#parts = parts;
    this.#random = parts.world.random.fork(agentName(this.member));
    this.#replica = this.#newReplica();
  }

  /** Whether the agent's process runs (it may still be starting). */
  get isAgentUp(): boolean {
    return this.#isWanted;
  }

  /** Starts what is not running, with the power back. */
  start(): void {
    if (this.#isLost) return;
    this.hsm.restorePower();
    this.#replicaCut = undefined;
    this.#ledgerCut = undefined;
    if (!this.hsm.isUp) this.hsm.boot();
    if (!this.isAgentUp) this.startAgent();
  }

  /** Starts the agent's process, and again if it does not come up. */
  startAgent(): void {
    this.#isWanted = true;
    this.#life = new Life();
    this.#runs++;
    const life = this.#life;
    this.#trace('starts');
    const { world } = this.#parts;
    life
      .within(() => Agent.start(this.#options(life)))
      .then(
        (agent) => {
          this.#agent = agent;
        },
        (cause) => {
          if (!(cause instanceof AgentError)) world.violate('crashed', `agent${this.member} does not start`, cause);
          this.#trace('does not start');
          world.time.after(restartMs, () => {
            if (life.alive) this.startAgent();
          });
        },
      );
  }

  /** The agent's process ends: it does nothing any more, not even what it had begun. */
  crashAgent(): void {
    if (!this.#isWanted) return;
    this.#trace('crashes');
    this.#isWanted = false;
    this.#life.end();
    this.#agent = undefined;
  }

  /** The agent dies at the next write of its replica, which then has happened or has not. */
  cutReplica(cut: ReplicaCut): void {
    this.#replicaCut = cut;
  }

  /** The agent dies at its next write to the ledger, which then has happened or has not. */
  cutLedger(cut: LedgerCut): void {
    this.#ledgerCut = cut;
  }

  /** Whether {@link wipe} took this site. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The whole site burns down: replica and HSM state are gone, and this member never votes again. */
  wipe(): void {
    this.#trace('is lost for good');
    this.crashAgent();
    this.wipeReplica();
    this.#isLost = true;
    if (!this.hsm.wipe()) this.#parts.world.violate('forgetful', `${this.hsm.name} starts without its state`);
  }

  /** The replica's disk is lost. The agent must be down. */
  wipeReplica(): void {
    this.#trace('loses its replica');
    // What the dead agent still had on its way would capture data that is not here any more; losing a disk is a loss of
    // copies that were there, and not a way around "data first".
    this.hsm.dropCalls();
    this.#replicaCut = undefined;
    this.#replica.close();
    this.#replica = this.#newReplica();
  }

  /** Frees the replica's memory. */
  close(): void {
    this.crashAgent();
    this.hsm.crash();
    this.#replica.close();
  }

  /** Whether the replica durably holds the entry, with everything before it. */
  holds(group: number, at: Position): boolean {
    return this.#replica.has(group, at.index, at.hash);
  }

  /** Tip of the replica, for comparing sites. */
  tip(group: number): { readonly index: bigint; readonly hash: Uint8Array; readonly root: Uint8Array } {
    return this.#replica.tip(group);
  }

  /** Reads and checks all that the replica holds. @throws ReplicaError `corrupt`. */
  verifyReplica(group: number): void {
    this.#replica.verify(group);
  }

  /** A message of another agent. Never settles when the process dies over it. */
  servePeer(message: Uint8Array): Promise<Uint8Array> {
    const agent = this.#agent;
    if (agent === undefined) return Promise.reject(new Error('connection refused'));
    return this.#life.within(() => agent.handlePeer(message));
  }

  /** A call of the gateway. */
  serveRouted(call: Uint8Array): Promise<Uint8Array> {
    const agent = this.#agent;
    if (agent === undefined) return Promise.reject(new Error('connection refused'));
    return this.#life.within(() => agent.handleRouted(call));
  }

  /** @returns undefined while the agent is down. */
  async status(): Promise<AgentStatus | undefined> {
    return this.#agent?.status();
  }

  #options(life: Life): Parameters<typeof Agent.start>[0] {
    const { world, fleet, network, tuning, openLedger, onEvent, peer } = this.#parts;
    const random = this.#random.fork(`run${this.#runs}`);
    const own = agentName(this.member);
    const ledger = openLedger(own, random.fork('ledger'), (moment, write) => this.#diesOverLedger(moment, write, life));
    return {
      fleet,
      memberId: this.member,
      tuning,
      ports: {
        clock: this.clock,
        timers: life.timers(world.time),
        entropy: new SeededEntropy(random.fork('entropy')),
        hsm: { call: (request) => life.within(() => this.#callHsm(request)) },
        peers: {
          call: (member, message, timeoutMs) =>
            life.within(() =>
              network.call({
                from: own,
                to: agentName(member),
                message,
                timeoutMs,
                serve: (arrived) => peer(member).servePeer(arrived),
                unavailable: (why) => new AgentError('peer-unavailable', why),
              }),
            ),
        },
        ledger: mortalLedger(ledger, life),
        replica: mortalReplica(this.#replica, life),
        log: (event) => {
          this.#trace(eventLine(event));
          onEvent(event);
        },
      },
    };
  }

  async #callHsm(request: Parameters<SimHsm['call']>[0]): ReturnType<SimHsm['call']> {
    if (request.type === 'execute') this.#parts.onBatch(request.items);
    try {
      return await this.hsm.call(request);
    } catch (cause) {
      if (cause instanceof HsmGone) throw new AgentError('hsm-unavailable', cause.message, { cause });
      throw cause;
    }
  }

  #newReplica(): Replica {
    const { configHash, groups } = this.#parts.fleet;
    // Making the tables is part of setting a site up, which is repeated until it succeeds.
    let isOpen = false;
    let isWriting = false;
    const replica = Replica.open({
      path: ':memory:',
      configHash,
      groups,
      undoEntriesMax,
      onStatement: (moment, sql) => {
        if (sql.startsWith('BEGIN')) isWriting = sql === 'BEGIN IMMEDIATE';
        if (sql !== 'COMMIT' || !isOpen || !isWriting) return;
        const { points } = this.#parts.world;
        const write = moment === 'before' ? points.begin('replica') : points.writes.replica;
        if (!points.isDeath('replica', write, moment) && this.#replicaCut !== `${moment}-commit`) return;
        this.#trace(`dies ${moment} commit`);
        this.#replicaCut = undefined;
        this.crashAgent();
        throw new Error('the process is dead');
      },
    });
    isOpen = true;
    return replica;
  }

  #diesOverLedger(moment: LedgerCut, write: number, life: Life): boolean {
    if (!life.alive) return true;
    if (this.#ledgerCut !== moment && !this.#parts.world.points.isDeath('ledger', write, moment)) return false;
    this.#trace(`dies ${moment} a write to the ledger`);
    this.#ledgerCut = undefined;
    this.crashAgent();
    return true;
  }

  #trace(what: string): void {
    this.#parts.world.trace.add(agentName(this.member), what);
  }
}

function eventLine(event: { readonly type: string }): string {
  const { type, ...rest } = event;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  );
  return `${type} ${fields.join(' ')}`.trimEnd();
}
