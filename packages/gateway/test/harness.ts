import { type Clock, concat, type Timers } from '@coffer/base';
import { ed25519PublicKey, opaqueServerPublicKey, oprfRandomKey, systemEntropy, xwingKeyPair } from '@coffer/crypto';
import {
  type AgentRoutes,
  createDevIssuer,
  createGateway,
  createTokenVerifier,
  type Gateway,
  GatewayError,
  type GatewayEvent,
  type GatewayLimits,
  type GatewayOptions,
} from '@coffer/gateway';
import {
  type CommitProof,
  decodeFleetDescriptor,
  decodeRoutedCall,
  encodeFleetDescriptor,
  encodeRoutedAnswer,
  encodeVaultCall,
  type FleetDescriptor,
  type FleetId,
  type RoutedAnswer,
  type RoutedCall,
  sealedReplyBytes,
} from '@coffer/protocol';

export const issuer = 'https://id.example';
export const audience = 'coffer';
export const startMs = 1_700_000_000_000;

/** Time that passes when a test says so, or when somebody waits for it. */
export class TestTime implements Clock, Timers {
  ms = startMs;
  /** Whether waiting makes time pass. */
  instant = true;
  nowMs(): number {
    return this.ms;
  }
  after(delayMs: number, task: () => void): () => void {
    let cancelled = false;
    if (this.instant) {
      setImmediate(() => {
        if (cancelled) return;
        this.ms += delayMs;
        task();
      });
    }
    return () => {
      cancelled = true;
    };
  }
}

export function makeFleet(members = 3, groups = 4): FleetDescriptor {
  return decodeFleetDescriptor(
    encodeFleetDescriptor({
      fleetId: systemEntropy.bytes(16) as FleetId,
      quorum: Math.floor(members / 2) + 1,
      rollbackTolerance: 0,
      groups,
      budgetLimit: 5,
      channelKey: xwingKeyPair(systemEntropy.bytes(32)).publicKey,
      opaqueKey: opaqueServerPublicKey(oprfRandomKey(systemEntropy)),
      members: Array.from({ length: members }, (_, i) => ({
        id: i + 1,
        site: `site-${i + 1}`,
        key: ed25519PublicKey(systemEntropy.bytes(32)),
      })),
    }),
  );
}

/** A committed answer of the right shape; gateways do not look inside. */
export function committed(fleet: FleetDescriptor): Extract<RoutedAnswer, { type: 'committed' }> {
  const certificate = {
    group: 0,
    configHash: fleet.configHash,
    term: { round: 1n, leaderId: 1 },
    index: 1n,
    hash: systemEntropy.bytes(32) as CommitProof['certificate']['hash'],
    signatures: [],
  };
  const proof: CommitProof = { replyIndex: 0, path: [], entries: [], certificate };
  return { type: 'committed', reply: systemEntropy.bytes(sealedReplyBytes), proof };
}

/** Agents that do what a test says, and remember what they were asked. */
export class FakeAgents implements AgentRoutes {
  readonly asked: { readonly memberId: number; readonly call: RoutedCall }[] = [];
  answer: (memberId: number, call: RoutedCall) => RoutedAnswer | Uint8Array | 'down';

  constructor(answer: FakeAgents['answer']) {
    this.answer = answer;
  }

  get members(): number[] {
    return this.asked.map(({ memberId }) => memberId);
  }

  async call(memberId: number, routedCall: Uint8Array): Promise<Uint8Array> {
    const call = decodeRoutedCall(routedCall);
    this.asked.push({ memberId, call });
    const answer = this.answer(memberId, call);
    if (answer === 'down') throw new GatewayError('agent-unavailable', 'down');
    return answer instanceof Uint8Array ? answer : encodeRoutedAnswer(answer);
  }
}

export interface Bench {
  readonly time: TestTime;
  readonly fleet: FleetDescriptor;
  readonly agents: FakeAgents;
  readonly gateway: Gateway;
  readonly events: GatewayEvent[];
  token(account?: string, tenant?: string): Promise<string>;
  /** Posts a vault call with a token of `alice`, or with `changes`. */
  post(changes?: PostChanges): Promise<Response>;
}

export interface PostChanges {
  readonly token?: string;
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

export function bench(
  limits: Partial<GatewayLimits> = {},
  origins: readonly string[] = [],
  more: Partial<GatewayOptions> = {},
): Bench {
  const time = new TestTime();
  const fleet = makeFleet();
  const agents = new FakeAgents(() => committed(fleet));
  const dev = createDevIssuer({ seed: systemEntropy.bytes(32), issuer, audience, clock: time });
  const events: GatewayEvent[] = [];
  const gateway = createGateway({
    fleets: [fleet],
    routes: agents,
    tokens: createTokenVerifier({ issuer, audience, keys: dev.keys, clock: time }),
    clock: time,
    timers: time,
    limits,
    origins,
    log: (event) => events.push(event),
    ...more,
  });
  const token = (account = 'alice', tenant = 'example'): Promise<string> => dev.issue({ tenant, account });
  return {
    time,
    fleet,
    agents,
    gateway,
    events,
    token,
    async post({ token: given, body = vaultCall(fleet), headers = {}, address }: PostChanges = {}) {
      const request = new Request('http://gateway.example/v1/vault', {
        method: 'POST',
        headers: { authorization: `Bearer ${given ?? (await token())}`, ...headers },
        body: body instanceof Uint8Array ? body.slice() : body,
        duplex: 'half',
      } as RequestInit);
      return gateway.fetch(request, address === undefined ? undefined : { address });
    },
  };
}

export function vaultCall(fleet: FleetDescriptor, request: Uint8Array = concat(Uint8Array.of(1, 2, 3))): Uint8Array {
  return encodeVaultCall({ configHash: fleet.configHash, request });
}

/** What an error answer says: status, and the JSON body. */
export async function refusal(response: Response): Promise<{ status: number; code: string; retryAfterMs?: number }> {
  return { status: response.status, ...((await response.json()) as { code: string }) };
}
