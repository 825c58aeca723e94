import { type Entropy, equalBytes, utf8 } from '@coffer/base';
import {
  type Ke1State,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe3,
  opaqueRegistrationRequest,
} from '@coffer/crypto';
import {
  confirmHashOf,
  groupOf,
  ksfDefault,
  type OpenExchange,
  opaqueBinding,
  type Ticket,
  type Vault,
  type VaultId,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';
import type { Bench, Committed } from './bench.js';

type ReplyOf<T extends VaultReply['type']> = Extract<VaultReply, { type: T }>;
export type Sealed = { sealed: Uint8Array } & OpenExchange;

/** A conforming client, taken apart so that a test can drop, keep or replay each of its messages. */
export class VaultUser {
  readonly vault: Vault;
  readonly #bench: Bench;
  readonly #entropy: Entropy;
  /** Every sealed request that was ever sent, as a host would record them. */
  readonly recorded: Uint8Array[] = [];

  constructor(bench: Bench, account: string) {
    this.#bench = bench;
    this.#entropy = bench.entropy;
    this.vault = { fleet: bench.fleet, vaultId: bench.vaultId(account) };
  }

  get vaultId(): VaultId {
    return this.vault.vaultId;
  }

  seal(request: VaultRequest, ticket?: Ticket): Sealed {
    const { sealRequest, sealTicketedRequest } = this.#bench.modules.protocol;
    return ticket === undefined
      ? sealRequest(this.vault, request, this.#entropy)
      : sealTicketedRequest(this.vault, ticket, request, this.#entropy);
  }

  /** Opens a committed reply after checking its proof. */
  open(sealed: OpenExchange, { reply, proof }: Committed): VaultReply {
    const { openReply, verifyCommitProof } = this.#bench.modules.protocol;
    verifyCommitProof(this.vault.fleet, groupOf(this.vaultId, this.vault.fleet.groups), reply, proof);
    return openReply(this.vault, sealed, reply);
  }

  /** Sends an already sealed request; undefined when it did not open. */
  deliver(sealed: Sealed): VaultReply | undefined {
    this.recorded.push(sealed.sealed);
    const answer = this.#bench.send(this.vaultId, sealed.sealed);
    return answer === undefined ? undefined : this.open(sealed, answer);
  }

  ask(request: VaultRequest, ticket?: Ticket): VaultReply {
    const reply = this.deliver(this.seal(request, ticket));
    if (reply === undefined) throw new Error('bad-request');
    return reply;
  }

  expect<T extends VaultReply['type']>(type: T, request: VaultRequest, ticket?: Ticket): ReplyOf<T> {
    return as(type, this.ask(request, ticket));
  }

  status(): ReplyOf<'status'> {
    return this.expect('status', { type: 'status' });
  }

  /** start and finish of a registration, and what its confirm needs. */
  async begin(password: string, options: { budgetMax?: number; authTicket?: Uint8Array; payload?: Uint8Array } = {}) {
    const { budgetMax = 3, authTicket, payload = utf8(`payload of ${password}`) } = options;
    const { blind, request: blinded } = opaqueRegistrationRequest(utf8(password), this.#entropy);
    const started = this.expect('register.started', { type: 'register.start', blinded, authTicket });
    const { serverIdentity, clientIdentity } = opaqueBinding(this.vault);
    const { record } = await opaqueFinalizeRegistration({
      password: utf8(password),
      blind,
      response: started.response,
      serverIdentity,
      clientIdentity,
      ksf: (input) => input,
      entropy: this.#entropy,
    });
    const confirmSecret = this.#entropy.bytes(32);
    const finish: VaultRequest = {
      type: 'register.finish',
      record,
      ksf: ksfDefault,
      payload,
      budgetMax,
      confirmHash: confirmHashOf(confirmSecret),
    };
    return { started, finish, confirmSecret };
  }

  async register(
    password: string,
    options: { budgetMax?: number; authTicket?: Uint8Array; payload?: Uint8Array } = {},
  ) {
    const { started, finish, confirmSecret } = await this.begin(password, options);
    const { version } = this.expect('register.finished', finish, started);
    const confirm: VaultRequest = { type: 'register.confirm', version, confirmSecret };
    const confirmed = this.expect('register.confirmed', confirm);
    return { started, finish, confirm, confirmed };
  }

  ke1(password: string): { state: Ke1State; request: VaultRequest & { type: 'recover.start' } } {
    const { state, ke1 } = opaqueGenerateKe1(utf8(password), this.#entropy);
    return { state, request: { type: 'recover.start', ke1 } };
  }

  /** The KE3 for a KE2, or undefined for a wrong password. */
  async ke3(password: string, state: Ke1State, ke2: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const { serverIdentity, clientIdentity, context } = opaqueBinding(this.vault);
      const input = {
        password: utf8(password),
        state,
        ke2,
        serverIdentity,
        clientIdentity,
        context,
        ksf: (i: Uint8Array) => i,
      };
      return (await opaqueGenerateKe3(input)).ke3;
    } catch (cause) {
      if ((cause as { code?: string }).code === 'wrong-password') return undefined;
      throw cause;
    }
  }

  /** One honest guess, all the way. */
  async guess(password: string): Promise<VaultReply> {
    const { state, request } = this.ke1(password);
    const started = this.ask(request);
    if (started.type !== 'recover.started') return started;
    const ke3 = (await this.ke3(password, state, started.ke2)) ?? this.#entropy.bytes(64);
    return this.ask({ type: 'recover.finish', ke3 }, started);
  }

  async unlock(password: string): Promise<ReplyOf<'recovered'>> {
    return as('recovered', await this.guess(password));
  }
}

export function as<T extends VaultReply['type']>(type: T, reply: VaultReply): ReplyOf<T> {
  if (reply.type !== type) throw new Error(`expected ${type}, got ${reply.type}`);
  return reply as ReplyOf<T>;
}

export const holds = (payload: Uint8Array, password: string): boolean =>
  equalBytes(payload, utf8(`payload of ${password}`));
