import { equalBytes, hex } from '@coffer/base';
import {
  decodeRoutedCall,
  encodeRoutedAnswer,
  type FleetDescriptor,
  groupOf,
  memberById,
  ProtocolError,
  type RoutedAnswer,
} from '@coffer/protocol';
import { ReplicaError } from '@coffer/replica';
import { WireError } from '@coffer/wire';
import { Alarms } from './alarms.js';
import { Signal } from './concurrency.js';
import { type AgentContext, logError } from './context.js';
import { AgentError } from './errors.js';
import { GroupAgent } from './group-agent.js';
import { HsmClient } from './hsm-client.js';
import { PeerClient } from './peer-client.js';
import {
  decodePeerMessage,
  encodePeerReply,
  type PeerErrorCode,
  type PeerReply,
  type PeerRequest,
} from './peer-messages.js';
import type { AgentPorts } from './ports.js';
import { serveEntries, serveHead, servePage, servePosition } from './serve.js';
import type { AgentStatus } from './status.js';
import { type AgentTuning, checkTuning, defaultTuning } from './tuning.js';

/** What an agent is made of. */
export interface AgentOptions {
  readonly fleet: FleetDescriptor;
  /** Which member of the fleet its HSM is, 1 to n. */
  readonly memberId: number;
  readonly ports: AgentPorts;
  readonly tuning?: Partial<AgentTuning>;
}

/** How long an agent may leave a group to others at a time. */
export const asideMsMax = 60_000;

/**
 * The host daemon beside one HSM, as a library: all liveness and durability is here, and nothing that safety rests on
 * (docs/spec/consensus.md, "What the hosts do").
 */
export class Agent {
  readonly #context: AgentContext;
  readonly #groups: readonly GroupAgent[];
  readonly #signal = new Signal();
  #described: { readonly indexKey: Uint8Array; readonly platform: string } | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(context: AgentContext) {
    this.#context = context;
    const groups = Array.from({ length: context.fleet.groups }, (_, group) => group);
    this.#groups = groups.map((group) => new GroupAgent(context, group, () => this.#described?.indexKey));
  }

  /**
   * Starts its loops. The HSM, the ledger and the peers need not be there yet.
   * @throws AgentError `bad-options`: no such member, or a tuning out of range.
   */
  static async start({ fleet, memberId, ports, tuning: chosen }: AgentOptions): Promise<Agent> {
    if (memberById(fleet, memberId) === undefined) throw new AgentError('bad-options', 'no such member');
    const tuning = checkTuning({ ...defaultTuning, ...chosen });
    const hsm = new HsmClient(ports.hsm, ports.timers, tuning.hsmTimeoutMs);
    const peers = new PeerClient(fleet, memberId, ports.peers, tuning.peerTimeoutMs);
    const agent = new Agent({ fleet, memberId, ports, tuning, hsm, peers, alarms: new Alarms(ports.log) });
    await agent.#describe();
    for (const group of agent.#groups) group.start();
    agent.#running = agent.#run();
    return agent;
  }

  /** Answers another agent's message. Bad bytes get a coded error answer and change nothing. Never rejects. */
  async handlePeer(message: Uint8Array): Promise<Uint8Array> {
    return encodePeerReply(await this.#answerPeer(message));
  }

  /**
   * Encoded `RoutedCall` in, encoded `RoutedAnswer` out. Resolves once the reply is committed, or this attempt is over.
   * Never rejects.
   */
  async handleRouted(call: Uint8Array): Promise<Uint8Array> {
    return encodeRoutedAnswer(await this.#answerRouted(call));
  }

  /** How this agent sees its groups. Where the HSM does not answer, they are as it last said. */
  async status(): Promise<AgentStatus> {
    const { fleet, memberId, hsm, alarms } = this.#context;
    const groups = await Promise.all(this.#groups.map((group) => group.status()));
    return {
      fleetId: hex(fleet.fleetId),
      configHash: hex(fleet.configHash),
      member: memberId,
      site: memberById(fleet, memberId)?.site ?? '',
      hsm: hsm.state,
      platform: this.#described?.platform ?? '',
      groups,
      alarms: alarms.standing,
    };
  }

  /**
   * Leaves leading a group to others for a while: an operator moves a leader before a site is worked on, or spreads leaders
   * again. 0 ends it. Who leads in its place is whoever comes first; where nobody does, the group waits until the time is over.
   * @throws AgentError `bad-options` for a group that is not there, or a time over {@link asideMsMax}.
   */
  standAside(group: number, forMs: number): void {
    const asked = Number.isInteger(group) ? this.#groups[group] : undefined;
    if (asked === undefined || !Number.isInteger(forMs) || forMs < 0 || forMs > asideMsMax)
      throw new AgentError('bad-options', 'no such group, or too long');
    asked.standAside(forMs);
  }

  /** Stops leading, frees its leases and resolves when no task of it runs any more. Ports stay open: the caller owns them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#signal.notify();
    await Promise.all([this.#running, ...this.#groups.map((group) => group.stop())]);
  }

  /** Once a lease period: make sure that we know our HSM, and that no group has fallen behind unnoticed. */
  async #run(): Promise<void> {
    const { ports, tuning, hsm, alarms } = this.#context;
    while (!this.#stopped) {
      await this.#signal.wait(ports.timers, tuning.leaseMs);
      if (this.#stopped) return;
      await this.#describe();
      if (hsm.state === 'halted') alarms.raise(0, 'hsm-halted', undefined, 'the HSM has halted and must be restarted');
      else if (this.#described !== undefined) alarms.clear(0, 'hsm-halted');
      for (const group of this.#groups)
        await group.tick().catch((cause: unknown) => logError(this.#context, group.group, 'tick', cause));
    }
  }

  async #describe(): Promise<void> {
    if (this.#described !== undefined) return;
    const { fleet, memberId, hsm, alarms } = this.#context;
    try {
      const described = await hsm.demand<'describe'>({ type: 'describe' });
      if (described.hsm !== memberId || !equalBytes(described.configHash, fleet.configHash)) {
        alarms.raise(0, 'hsm-halted', undefined, 'the HSM is another member or of another fleet');
        return;
      }
      this.#described = described;
    } catch (cause) {
      logError(this.#context, undefined, 'describe', cause);
    }
  }

  async #answerRouted(bytes: Uint8Array): Promise<RoutedAnswer> {
    const { fleet, tuning } = this.#context;
    try {
      const call = decodeRoutedCall(bytes);
      if (!equalBytes(call.configHash, fleet.configHash)) return { type: 'unknown-fleet' };
      const group = this.#groups[call.group];
      // The HSM would refuse the whole batch for it.
      if (group === undefined || groupOf(call.vaultId, fleet.groups) !== call.group) return { type: 'bad-request' };
      return await group.route(call);
    } catch (cause) {
      if (cause instanceof WireError) return { type: 'bad-request' };
      logError(this.#context, undefined, 'call', cause);
      return { type: 'unavailable', retryAfterMs: tuning.retryAfterMs };
    }
  }

  async #answerPeer(message: Uint8Array): Promise<PeerReply> {
    let about: number | undefined;
    try {
      const { configHash, from, body } = decodePeerMessage(message);
      about = body.group;
      const { fleet, memberId } = this.#context;
      if (!equalBytes(configHash, fleet.configHash)) return { type: 'error', code: 'other-fleet' };
      const group = this.#groups[body.group];
      if (group === undefined || from === memberId || memberById(fleet, from) === undefined) {
        return { type: 'error', code: 'bad-message' };
      }
      return await this.#dispatch(group, from, body);
    } catch (cause) {
      const code = peerCodeOf(cause);
      if (code !== 'missing-data' && code !== 'hsm-unavailable') logError(this.#context, about, 'peer message', cause);
      return { type: 'error', code };
    }
  }

  async #dispatch(group: GroupAgent, from: number, body: PeerRequest): Promise<PeerReply> {
    switch (body.type) {
      case 'position':
        return servePosition(group.site);
      case 'push':
        return group.follow(from, body);
      case 'prepare':
        return group.prepare(from, body);
      case 'fetch':
        return serveEntries(this.#context, body);
      case 'head':
        return serveHead(this.#context, body);
      case 'snapshot':
        return servePage(this.#context, body);
    }
  }
}

/** What another agent is told about a failure here. */
function peerCodeOf(cause: unknown): PeerErrorCode {
  if (cause instanceof WireError) return 'bad-message';
  if (cause instanceof ProtocolError || cause instanceof ReplicaError) return 'refused';
  if (!(cause instanceof AgentError)) return 'unavailable';
  if (cause.code === 'hsm-unavailable' || cause.code === 'missing-data' || cause.code === 'refused') return cause.code;
  return cause.code === 'bad-message' ? 'bad-message' : 'unavailable';
}
