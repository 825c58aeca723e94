import type { Transport } from '@coffer/client';
import type { XWingSecretKey } from '@coffer/crypto';
import type { BatchItem } from '@coffer/hsm';
import {
  decodeRoutedAnswer,
  decodeRoutedCall,
  decodeSealedRequest,
  decodeVaultAnswer,
  decodeVaultCall,
  type FleetDescriptor,
  groupOf,
  type OpenExchange,
  openFreshRequest,
  openReply,
  openTicketedRequest,
  type SealedRequest,
  type Vault,
  type VaultId,
  type VaultReply,
  type VaultRequest,
  verifyCommitProof,
} from '@coffer/protocol';
import type { HistoryRecorder, RecordedCall } from './history-recorder.js';
import {
  AttemptNames,
  type CallReply,
  type CallRequest,
  type Name,
  nameOf,
  nameReply,
  nameRequest,
  type Secrets,
  type TicketOrigin,
} from './vault-call.js';

/** Whose messages pass through a tapped transport. */
export interface TappedCaller {
  readonly process: string;
  readonly account: string;
  readonly vaultId: VaultId;
  /** The passwords that the caller is using just now. */
  readonly secrets: () => Secrets;
}

/** A request as the tap read it. */
interface Read {
  readonly account: string;
  readonly request: CallRequest;
  readonly open: OpenExchange;
  /** How often the client posted it, and how often it came to an agent that may have executed it. */
  posts: number;
  arrivals: number;
  /** How often the agent of each member has given it to its HSM. */
  readonly given: Map<number, number>;
  /** The post that the client waits for just now, in the history. */
  waiting: number | undefined;
  readonly attempts: AttemptNames;
}

/**
 * Reads what passes between clients and a gateway with the fleet's own channel key, and records each post as a call. So the
 * SDK is recorded as it is, with all that it sends on its own; only a simulation has the key.
 */
export class ExchangeTap {
  readonly #recorder: HistoryRecorder;
  readonly #fleet: FleetDescriptor;
  readonly #channelKey: XWingSecretKey;
  /** Resumption secrets of tickets that were handed out, and what recovery tickets stand for. */
  readonly #resumption = new Map<Name, Uint8Array>();
  readonly #origins = new Map<Name, TicketOrigin>();
  /** By name of the sealed bytes; undefined for what does not open: then it opens for no HSM either. */
  readonly #attempts = new Map<string, AttemptNames>();
  readonly #reads = new Map<Name, Read | undefined>();

  constructor(recorder: HistoryRecorder, fleet: FleetDescriptor, channelKey: XWingSecretKey) {
    this.#recorder = recorder;
    this.#fleet = fleet;
    this.#channelKey = channelKey;
  }

  /** Different requests that clients have sent so far; copies and repetitions are none of their own. */
  get requests(): number {
    return this.#reads.size;
  }

  /** A transport that does what `inner` does. */
  transport(caller: TappedCaller, inner: Transport): Transport {
    const vault = { fleet: this.#fleet, vaultId: caller.vaultId };
    return {
      post: async (path, headers, body) => {
        const read = this.#read(caller, vault, decodeVaultCall(body).request);
        if (read === undefined) return inner.post(path, headers, body);
        read.posts++;
        const call = this.#recorder.invoke(caller.process, caller.account, read.request);
        read.waiting = call.call;
        try {
          const answer = await inner.post(path, headers, body);
          const reply = answer.status === 200 ? this.#readAnswer(vault, read, answer.body) : undefined;
          if (reply === undefined) call.info(`status ${answer.status}`);
          else call.ok(reply);
          return answer;
        } catch (error) {
          call.info('no answer');
          throw error;
        } finally {
          read.waiting = undefined;
        }
      },
    };
  }

  /**
   * A routed call came to an agent. One that was not posted once more for it (the network doubled it, the gateway sent it
   * to a second agent, somebody replays it) is a call of its own. The client may have heard its answer instead of the first one's,
   * if that is still waited for: then it counts as begun with it.
   * @returns to be called with what the agent answers.
   */
  arrived(routed: Uint8Array, member: number): (answer: Uint8Array) => void {
    const read = this.#reads.get(nameOf(decodeRoutedCall(routed).request));
    if (read === undefined) return () => undefined;
    read.arrivals++;
    const copy = read.arrivals > read.posts ? this.#copyOf(read) : undefined;
    const given = read.given.get(member);
    return (answer) => {
      // Who does not lead has given it to no HSM; who led until a moment ago may have, and it is in the log for all we know.
      if (decodeRoutedAnswer(answer).type !== 'not-leader' || read.given.get(member) !== given) return;
      read.arrivals--;
      copy?.fail('not the leader');
    };
  }

  /** The agent of this member gives a batch to its HSM, which may execute it whatever becomes of the agent. */
  given(member: number, items: readonly BatchItem[]): void {
    for (const { request } of items) {
      const read = this.#reads.get(nameOf(request));
      if (read !== undefined) read.given.set(member, (read.given.get(member) ?? 0) + 1);
    }
  }

  #copyOf({ account, request, waiting }: Read): RecordedCall {
    return waiting === undefined
      ? this.#recorder.invoke('a copy', account, request)
      : this.#recorder.copy('a copy', account, request, waiting);
  }

  #read(caller: TappedCaller, vault: Vault, sealed: Uint8Array): Read | undefined {
    const name = nameOf(sealed);
    if (!this.#reads.has(name)) this.#reads.set(name, this.#open(caller, vault, sealed));
    return this.#reads.get(name);
  }

  #open({ account, secrets }: TappedCaller, vault: Vault, sealed: Uint8Array): Read | undefined {
    const outer = decodeSealedRequest(sealed);
    const ticket = outer.type === 'fresh' ? undefined : outer.ticket;
    const origin = ticket === undefined ? undefined : this.#origins.get(nameOf(ticket));
    const opened = this.#openSealed(vault, sealed, outer);
    if (opened === undefined) return undefined;
    const { request: plain, ...open } = opened;
    const attempts = this.#attempts.get(account) ?? new AttemptNames(vault.vaultId);
    this.#attempts.set(account, attempts);
    attempts.learn(plain);
    const request = nameRequest(plain, secrets(), ticket, origin);
    return request === undefined
      ? undefined
      : { account, request, open, attempts, posts: 0, arrivals: 0, given: new Map(), waiting: undefined };
  }

  #openSealed(
    vault: Vault,
    sealed: Uint8Array,
    outer: SealedRequest,
  ): (OpenExchange & { request: VaultRequest }) | undefined {
    if (outer.type === 'fresh') return openFreshRequest(vault, this.#channelKey, sealed, outer);
    const secret = this.#resumption.get(nameOf(outer.ticket));
    return secret === undefined ? undefined : openTicketedRequest(vault, secret, sealed, outer);
  }

  /** @returns undefined for an answer that no client accepts. */
  #readAnswer(vault: Vault, { request, open, attempts }: Read, body: Uint8Array): CallReply | undefined {
    let reply: VaultReply;
    try {
      const answer = decodeVaultAnswer(body);
      verifyCommitProof(vault.fleet, groupOf(vault.vaultId, vault.fleet.groups), answer.reply, answer.proof);
      reply = openReply(vault, open, answer.reply);
    } catch {
      return undefined;
    }
    if ('resumptionSecret' in reply) this.#resumption.set(nameOf(reply.ticket), reply.resumptionSecret);
    if (reply.type === 'recover.started' && request.type === 'recover.start') {
      const { ke1, password } = request;
      const origin = { ke1, version: reply.version };
      this.#origins.set(nameOf(reply.ticket), password === undefined ? origin : { ...origin, password });
    }
    return nameReply(reply, attempts);
  }
}
