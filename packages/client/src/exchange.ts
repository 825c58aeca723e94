import { type Clock, type Entropy, type Timers, zero } from '@coffer/base';
import {
  decodeVaultAnswer,
  encodeVaultCall,
  groupOf,
  type KnownEpoch,
  type OpenExchange,
  openReply,
  ProtocolError,
  sealRequest,
  sealTicketedRequest,
  type Ticket,
  type Vault,
  type VaultAnswer,
  type VaultReply,
  type VaultRequest,
  verifyCommitProof,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { hostError } from './answers.js';
import { ClientError } from './errors.js';
import { postTriesMax } from './limits.js';
import type { Transport } from './ports.js';
import { retrying } from './retrying.js';

/** What goes with calls and answers besides what is sealed. */
export interface News {
  /** What this device knows already; asked before each post. @throws ClientError to keep it from being sent. */
  known(): KnownEpoch;
  /**
   * Takes a bundle that came with a proven answer. It is nobody's word until it is verified.
   * @throws ClientError to keep the call from going on.
   */
  take(bundle: Uint8Array): Promise<void>;
}

export interface VaultExchangeOptions {
  readonly vault: Vault;
  readonly transport: Transport;
  readonly token: () => Promise<string>;
  readonly entropy: Entropy;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly news?: News;
}

/** A sealed request with what opens its reply. */
export type SealedCall = OpenExchange & { readonly sealed: Uint8Array };

/**
 * Sealed messages to one vault and proven replies from it, one at a time. It has no duties beyond that: it will send
 * whatever it is told to, at any budget. Apps use `VaultClient`, which knows what must not be sent.
 */
export class VaultExchange {
  readonly vault: Vault;
  readonly #options: VaultExchangeOptions;
  readonly #group: number;

  constructor(options: VaultExchangeOptions) {
    this.#options = options;
    this.vault = options.vault;
    this.#group = groupOf(options.vault.vaultId, options.vault.fleet.groups);
  }

  /** One request, its retries, and the opened reply. @param triesMax - 1 for what may as well be asked later. @throws ClientError. */
  async call(request: VaultRequest, ticket?: Ticket, triesMax: number = postTriesMax): Promise<VaultReply> {
    const call = this.seal(request, ticket);
    try {
      return this.open(call, await this.post(call.sealed, triesMax));
    } finally {
      zero(call.replySecret);
    }
  }

  /** Seals to the fleet, or under a ticket's resumption secret. The caller zeroes `replySecret`. */
  seal(request: VaultRequest, ticket?: Ticket): SealedCall {
    const { entropy } = this.#options;
    return ticket === undefined
      ? sealRequest(this.vault, request, entropy)
      : sealTicketedRequest(this.vault, ticket, request, entropy);
  }

  /**
   * Posts until there is a committed answer, with backoff, at most {@link postTriesMax} times. Sending the same sealed
   * bytes again is safe: every operation of the fleet is, and the reply comes under another key each time.
   * @returns the answer with its commit proof verified.
   * @throws ClientError `unproven-reply` at once, without another try: who sent it lies, and asking a liar again gives
   * them a choice of answers. The host's own codes after the last try.
   */
  async post(sealed: Uint8Array, triesMax: number = postTriesMax): Promise<VaultAnswer> {
    return retrying(this.#options, triesMax, () => this.#postOnce(sealed));
  }

  /** Opens a reply whose proof {@link post} has verified. @throws ClientError `bad-reply`. */
  open(call: OpenExchange, answer: VaultAnswer): VaultReply {
    try {
      return openReply(this.vault, call, answer.reply);
    } catch (cause) {
      if (cause instanceof ProtocolError || cause instanceof WireError) {
        throw new ClientError('bad-reply', 'the reply does not open', { cause });
      }
      throw cause;
    }
  }

  async #postOnce(sealed: Uint8Array): Promise<VaultAnswer> {
    const { transport, token, news } = this.#options;
    const headers = { authorization: `Bearer ${await fresh(token)}`, 'content-type': 'application/octet-stream' };
    const { fleet } = this.vault;
    const http = await transport.post(
      '/v1/vault',
      headers,
      encodeVaultCall({ configHash: fleet.configHash, request: sealed, known: news?.known() }),
    );
    if (http.status !== 200) throw hostError(http);
    const answer = this.#proven(http.body);
    if (answer.bundle !== undefined) await news?.take(answer.bundle);
    return answer;
  }

  #proven(body: Uint8Array): VaultAnswer {
    const { fleet } = this.vault;
    try {
      const answer = decodeVaultAnswer(body);
      verifyCommitProof(fleet, this.#group, answer.reply, answer.proof);
      return answer;
    } catch (cause) {
      if (cause instanceof ProtocolError || cause instanceof WireError) {
        throw new ClientError('unproven-reply', 'no majority of the fleet stands behind this reply', { cause });
      }
      throw cause;
    }
  }
}

async function fresh(token: () => Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    throw new ClientError('unauthorized', 'the app has no account token', { cause });
  }
}

/** Whether somebody between us and the fleet, or the log of fleets, was caught lying: no call goes on as if it had been lost. */
export const isLie = ({ code }: ClientError): boolean =>
  code === 'unproven-reply' || code === 'bad-reply' || code === 'log-fraud';

/** The error for a proven reply of a kind that does not answer the request: an HSM or a client of another version. */
export function unexpected(reply: VaultReply): ClientError {
  return new ClientError('bad-reply', `a ${reply.type} reply does not answer the request`);
}
