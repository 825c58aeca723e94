import { utf8 } from '@coffer/base';
import {
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
  sealRequest,
  sealTicketedRequest,
  type Ticket,
  type Vault,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';
import { SeededEntropy, type SeededRandom } from '../seeded-random.js';

/** A request as the host has it, and what only its sender has. */
export interface Outgoing {
  readonly sender: Person;
  readonly vault: Vault;
  readonly group: number;
  readonly request: VaultRequest;
  readonly sealed: Uint8Array;
  readonly open: OpenExchange;
}

type Continue = (reply: VaultReply) => Promise<void> | void;

/** Somebody with a vault, or with a stolen token for it: makes valid requests and goes on from replies that arrive. */
export class Person {
  readonly vault: Vault;
  /** Whether this person knows the password. */
  readonly isOwner: boolean;
  readonly group: number;
  readonly #random: SeededRandom;
  readonly #entropy: SeededEntropy;
  readonly #password: string;
  readonly #waiting = new Map<Outgoing, Continue>();
  readonly #budgetMax: number;
  #next: (() => Outgoing) | undefined;
  #version = 0;
  #authTicket: Uint8Array | undefined;
  #count = 0;

  constructor(random: SeededRandom, vault: Vault, options: { readonly isOwner: boolean; readonly budgetMax: number }) {
    this.vault = vault;
    this.#random = random;
    this.#entropy = new SeededEntropy(random.fork('entropy'));
    this.isOwner = options.isOwner;
    this.group = groupOf(vault.vaultId, vault.fleet.groups);
    this.#budgetMax = options.budgetMax;
    this.#password = 'right';
  }

  /** What this person sends next. */
  send(): Outgoing {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) return next();
    return this.isOwner ? this.#own() : this.#steal();
  }

  /** One guess by somebody who does not know the password: a fresh KE1. */
  guess(): Outgoing {
    const { ke1 } = opaqueGenerateKe1(utf8(`guess ${this.#count++}`), this.#entropy);
    return this.#seal({ type: 'recover.start', ke1 }, (reply) => {
      if (reply.type !== 'recover.started') return;
      this.#next = () => this.#seal({ type: 'recover.finish', ke3: this.#entropy.bytes(64) }, () => undefined, reply);
    });
  }

  /** A reply arrives. */
  async hear(outgoing: Outgoing, reply: VaultReply): Promise<void> {
    if ('version' in reply) this.#version = reply.version;
    await this.#waiting.get(outgoing)?.(reply);
  }

  #own(): Outgoing {
    const what = this.#random.integer(0, 9);
    if (this.#version === 0 || what === 0) return this.#register();
    if (what === 1) return this.#seal({ type: 'status' });
    if (what === 2 && this.#authTicket !== undefined) {
      return this.#seal({ type: 'refill', authTicket: this.#authTicket });
    }
    if (what === 3 && this.#random.chance(0.3)) return this.#seal({ type: 'erase', version: this.#version });
    return this.#unlock();
  }

  #steal(): Outgoing {
    return this.#random.chance(0.9) ? this.guess() : this.#seal({ type: 'status' });
  }

  #unlock(): Outgoing {
    const password = utf8(this.#password);
    const { ke1, state } = opaqueGenerateKe1(password, this.#entropy);
    return this.#seal({ type: 'recover.start', ke1 }, async (started) => {
      if (started.type === 'destroyed' || started.type === 'erased') this.#next = () => this.#register();
      if (started.type !== 'recover.started') return;
      const ke3 = await opaqueGenerateKe3({
        ...opaqueBinding(this.vault),
        password,
        state,
        ke2: started.ke2,
        ksf: (input) => input,
      }).then(
        (result) => result.ke3,
        () => this.#entropy.bytes(64),
      );
      this.#next = () =>
        this.#seal(
          { type: 'recover.finish', ke3 },
          (reply) => {
            if (reply.type === 'recovered' && reply.authTicket !== undefined) this.#authTicket = reply.authTicket;
          },
          started,
        );
    });
  }

  #register(): Outgoing {
    const { blind, request: blinded } = opaqueRegistrationRequest(utf8(this.#password), this.#entropy);
    const authTicket = this.#random.chance(0.5) ? this.#authTicket : undefined;
    return this.#seal({ type: 'register.start', blinded, authTicket }, async (started) => {
      if (started.type !== 'register.started') return;
      const { record } = await opaqueFinalizeRegistration({
        ...opaqueBinding(this.vault),
        password: utf8(this.#password),
        blind,
        response: started.response,
        ksf: (input) => input,
        entropy: this.#entropy,
      });
      const confirmSecret = this.#entropy.bytes(32);
      const finish: VaultRequest = {
        type: 'register.finish',
        record,
        ksf: ksfDefault,
        payload: utf8(`payload ${this.#count++}`),
        budgetMax: this.#budgetMax,
        confirmHash: confirmHashOf(confirmSecret),
      };
      const confirm = (version: number): Outgoing => this.#seal({ type: 'register.confirm', version, confirmSecret });
      this.#next = () =>
        this.#seal(
          finish,
          (reply) => {
            if (reply.type === 'register.finished') this.#next = () => confirm(reply.version);
          },
          started,
        );
    });
  }

  #seal(request: VaultRequest, then: Continue = () => undefined, ticket?: Ticket): Outgoing {
    const { sealed, ...open } =
      ticket === undefined
        ? sealRequest(this.vault, request, this.#entropy)
        : sealTicketedRequest(this.vault, ticket, request, this.#entropy);
    const { vault, group } = this;
    const outgoing = { sender: this, vault, group, request, sealed, open };
    this.#waiting.set(outgoing, then);
    return outgoing;
  }
}
