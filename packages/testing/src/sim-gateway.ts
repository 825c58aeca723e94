import { concat, u16be, utf8, utf8Text } from '@coffer/base';
import type { HttpAnswer } from '@coffer/client';
import { type AgentRoutes, createGateway, type Gateway, GatewayError, type GatewayLimits } from '@coffer/gateway';
import type { FleetDescriptor } from '@coffer/protocol';
import type { FaultyNetwork } from './faulty-network.js';
import type { ExchangeTap } from './linearizability/exchange-tap.js';
import { SimClock } from './sim-clock.js';
import { agentName, type SimSite } from './sim-site.js';
import type { SimWorld } from './sim-world.js';

/** Name of the front door on the network. */
export const gatewayName = 'gateway';
/** Tenant of every simulated account. */
export const simTenant = 'sim';

/** Nobody is limited, and times are in proportion to the agents'. */
const limits: Partial<GatewayLimits> = {
  accountBurst: 1e9,
  accountPerMinute: 1e9,
  addressBurst: 1e9,
  addressPerMinute: 1e9,
  routeMs: 6_000,
  agentMs: 2_000,
};
/** Recorded calls that a host may replay. */
const recordedMax = 64;

/**
 * The real gateway in its own process, which never fails (a client cannot tell it from a network that does), in the hands
 * of a host that remembers what passes through it.
 *
 * Its `Request` and `Response` objects take promise jobs only, no turn of the event loop, so that it stays deterministic.
 */
export class SimGateway {
  readonly #world: SimWorld;
  readonly #network: FaultyNetwork;
  readonly #sites: readonly SimSite[];
  readonly #tap: ExchangeTap;
  readonly #gateway: Gateway;
  readonly #recorded: Uint8Array[] = [];
  /** What the gateway measures durations with: it may leap forward and never goes back. */
  readonly clock: SimClock;

  constructor(
    world: SimWorld,
    fleet: FleetDescriptor,
    network: FaultyNetwork,
    sites: readonly SimSite[],
    tap: ExchangeTap,
  ) {
    this.#tap = tap;
    this.#world = world;
    this.clock = new SimClock(world.time);
    this.#network = network;
    this.#sites = sites;
    const routes: AgentRoutes = {
      call: (member, call, timeoutMs) => {
        this.#record(call);
        return this.#ask(member, call, timeoutMs);
      },
    };
    this.#gateway = createGateway({
      fleets: [fleet],
      routes,
      // A token is the account's name: who may ask is not what is simulated.
      tokens: { verify: async (token) => ({ tenant: simTenant, account: token }) },
      clock: this.clock,
      timers: world.time,
      limits,
      log: (event) => {
        if (event.type === 'refused') world.trace.add(gatewayName, `refuses ${event.code}`);
        if (event.type === 'refused' && event.code === 'internal') {
          world.violate('crashed', `gateway: ${String(event.cause)}`, event.cause);
        }
      },
    });
  }

  /** Routed calls that came by, oldest first. */
  get recorded(): readonly Uint8Array[] {
    return this.#recorded;
  }

  /** One framed post of a client in, one framed answer out; see {@link framePost}. */
  async serve(post: Uint8Array): Promise<Uint8Array> {
    const nameLength = ((post[0] ?? 0) << 8) | (post[1] ?? 0);
    const account = utf8Text(post.subarray(2, 2 + nameLength));
    const headers = { authorization: `Bearer ${account}`, 'content-type': 'application/octet-stream' };
    const body = post.slice(2 + nameLength);
    const response = await this.#gateway.fetch(
      new Request('http://gateway/v1/vault', { method: 'POST', headers, body }),
    );
    return concat(u16be(response.status), new Uint8Array(await response.arrayBuffer()));
  }

  /** Sends a recorded call to some agent again; whoever answers, nobody listens. */
  replay(call: Uint8Array, member: number): void {
    this.#world.trace.add(gatewayName, `replays a call to ${agentName(member)}`);
    void this.#ask(member, call, limits.agentMs ?? 0).catch(() => undefined);
  }

  #record(call: Uint8Array): void {
    this.#recorded.push(call.slice());
    if (this.#recorded.length > recordedMax) this.#recorded.shift();
  }

  #ask(member: number, call: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#network.call({
      from: gatewayName,
      to: agentName(member),
      message: call,
      timeoutMs,
      serve: async (arrived) => {
        const onAnswer = this.#tap.arrived(arrived, member);
        const answer = await (this.#sites[member - 1] as SimSite).serveRouted(arrived);
        onAnswer(answer);
        return answer;
      },
      unavailable: (why) => new GatewayError('agent-unavailable', why),
    });
  }
}

/** A client's post as one message: the account that its token proves, and the body. */
export function framePost(account: string, body: Uint8Array): Uint8Array {
  const name = utf8(account);
  return concat(u16be(name.length), name, body);
}

/** Undoes the framing of {@link SimGateway.serve}'s answers. */
export function unframeAnswer(message: Uint8Array): HttpAnswer {
  return { status: ((message[0] ?? 0) << 8) | (message[1] ?? 0), headers: {}, body: message.slice(2) };
}
