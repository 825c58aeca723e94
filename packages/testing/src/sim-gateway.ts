import { concat, sleep, u16be, utf8, utf8Text } from '@coffer/base';
import type { HttpAnswer } from '@coffer/client';
import { GatewayError } from '@coffer/gateway';
import {
  decodeRoutedAnswer,
  decodeVaultCall,
  encodeRoutedCall,
  encodeVaultAnswer,
  type FleetDescriptor,
  groupOf,
  type RoutedAnswer,
  vaultIdOf,
} from '@coffer/protocol';
import type { FaultyNetwork } from './faulty-network.js';
import { agentName, type SimSite } from './sim-site.js';
import type { SimWorld } from './sim-world.js';

/** Name of the front door on the network. */
export const gatewayName = 'gateway';
/** Tenant of every simulated account. */
export const simTenant = 'sim';
/** Longest time that the gateway looks for a leader on behalf of one call. */
export const gatewayCallMsMax = 8_000;

const agentTimeoutMs = 3_000;
const pauseMs = 100;
const retryAfterMs = 300;
/** Recorded calls that a host may replay. */
const recordedMax = 64;

/**
 * The front door, without its HTTP: checks nothing but the shape of a call, looks for the group's leader and hands the
 * call on, again and again, like a gateway that means well and a host that does not: it remembers calls to replay them.
 */
export class SimGateway {
  readonly #world: SimWorld;
  readonly #fleet: FleetDescriptor;
  readonly #network: FaultyNetwork;
  readonly #sites: readonly SimSite[];
  readonly #leaders: number[];
  readonly #recorded: Uint8Array[] = [];

  constructor(world: SimWorld, fleet: FleetDescriptor, network: FaultyNetwork, sites: readonly SimSite[]) {
    this.#world = world;
    this.#fleet = fleet;
    this.#network = network;
    this.#sites = sites;
    this.#leaders = Array.from({ length: fleet.groups }, (_, group) => (group % sites.length) + 1);
  }

  /** Calls that came by, oldest first. */
  get recorded(): readonly Uint8Array[] {
    return this.#recorded;
  }

  /** One framed post of a client in, one framed answer out; see {@link framePost}. */
  async serve(post: Uint8Array): Promise<Uint8Array> {
    const nameLength = ((post[0] ?? 0) << 8) | (post[1] ?? 0);
    const account = utf8Text(post.subarray(2, 2 + nameLength));
    const { configHash, request } = decodeVaultCall(post.subarray(2 + nameLength));
    const vaultId = vaultIdOf(simTenant, account);
    const group = groupOf(vaultId, this.#fleet.groups);
    const call = encodeRoutedCall({ configHash, request, vaultId, group });
    this.#recorded.push(call);
    if (this.#recorded.length > recordedMax) this.#recorded.shift();
    return frameAnswer(await this.#route(group, call));
  }

  /** Sends a recorded call to some agent again; whoever answers, nobody listens. */
  replay(call: Uint8Array, member: number): void {
    this.#world.trace.add(gatewayName, `replays a call to ${agentName(member)}`);
    void this.#ask(member, call).catch(() => undefined);
  }

  async #route(group: number, call: Uint8Array): Promise<RoutedAnswer> {
    const startMs = this.#world.time.nowMs();
    for (;;) {
      const member = this.#leaders[group] ?? 1;
      const answer = await this.#askOrNothing(member, call);
      if (answer?.type === 'committed' || answer?.type === 'bad-request' || answer?.type === 'unknown-fleet')
        return answer;
      const named = answer?.type === 'not-leader' ? answer.leaderId : 0;
      this.#leaders[group] = named === 0 || named === member ? (member % this.#sites.length) + 1 : named;
      if (this.#world.time.nowMs() - startMs > gatewayCallMsMax) return { type: 'unavailable', retryAfterMs };
      if (answer?.type !== 'not-leader' || named === 0) await sleep(this.#world.time, pauseMs);
    }
  }

  async #askOrNothing(member: number, call: Uint8Array): Promise<RoutedAnswer | undefined> {
    try {
      return decodeRoutedAnswer(await this.#ask(member, call));
    } catch (cause) {
      if (cause instanceof GatewayError) return undefined;
      throw cause;
    }
  }

  #ask(member: number, call: Uint8Array): Promise<Uint8Array> {
    return this.#network.call({
      from: gatewayName,
      to: agentName(member),
      message: call,
      timeoutMs: agentTimeoutMs,
      serve: (arrived) => (this.#sites[member - 1] as SimSite).serveRouted(arrived),
      unavailable: (why) => new GatewayError('agent-unavailable', why),
    });
  }
}

/** A client's post as one message: the account that its token proves, and the body. */
export function framePost(account: string, body: Uint8Array): Uint8Array {
  const name = utf8(account);
  return concat(u16be(name.length), name, body);
}

function frameAnswer(answer: RoutedAnswer): Uint8Array {
  switch (answer.type) {
    case 'committed':
      return concat(u16be(200), encodeVaultAnswer(answer));
    case 'bad-request':
    case 'unknown-fleet':
      return concat(u16be(400), utf8(JSON.stringify({ code: answer.type })));
    case 'not-leader':
    case 'unavailable':
      return concat(u16be(503), utf8(JSON.stringify({ code: 'unavailable', retryAfterMs })));
  }
}

/** Undoes the framing of {@link SimGateway.serve}'s answers. */
export function unframeAnswer(message: Uint8Array): HttpAnswer {
  return { status: ((message[0] ?? 0) << 8) | (message[1] ?? 0), headers: {}, body: message.slice(2) };
}
