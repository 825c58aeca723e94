import { concat, equalBytes, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  attemptIdOf,
  confirmHashOf,
  encodeVaultRequest,
  type VaultId,
  type VaultReply,
  type VaultRequest,
} from '@coffer/protocol';

/** A name for some bytes: the first 8 bytes of their SHA-256 in hexadecimal. A history holds names and no secret. */
export type Name = string;

/** What was asked of a vault, with every byte string replaced by its name. */
export type CallRequest =
  | { readonly type: 'status' }
  | { readonly type: 'register.start'; readonly authTicket?: Name }
  /** `registration`: the ticket it came under. `bytes`: of the ticket and the whole request. */
  | {
      readonly type: 'register.finish';
      readonly registration: Name;
      readonly bytes: Name;
      readonly budgetMax: number;
      readonly confirm: Name;
      readonly payload: Name;
      readonly password?: Name;
    }
  | { readonly type: 'register.confirm'; readonly version: number; readonly confirm: Name }
  | { readonly type: 'register.abandon'; readonly ticketId: Name }
  | { readonly type: 'recover.start'; readonly ke1: Name; readonly password?: Name }
  /** `ke1`, `version`, `password`: of the start whose reply brought the ticket. */
  | {
      readonly type: 'recover.finish';
      readonly ke1: Name;
      readonly version: number;
      readonly password?: Name;
    }
  | { readonly type: 'refill'; readonly authTicket: Name }
  | { readonly type: 'erase'; readonly version: number };

/** What was answered, likewise. */
export type CallReply =
  | {
      readonly type: 'status';
      readonly state: 'none' | 'live' | 'destroyed' | 'erased';
      readonly version: number;
      readonly budgetMax: number;
      readonly budget: number;
      readonly failures: number;
      readonly resets: number;
      readonly pending?: Name;
    }
  | { readonly type: 'register.started'; readonly registration: Name; readonly ticketId: Name }
  | { readonly type: 'register.finished'; readonly version: number }
  | { readonly type: 'register.confirmed'; readonly version: number; readonly budget: number; readonly resets: number }
  | { readonly type: 'register.abandoned' }
  | {
      readonly type: 'recover.started';
      readonly version: number;
      readonly budget: number;
      readonly failures: number;
    }
  | {
      readonly type: 'recovered';
      readonly payload: Name;
      readonly version: number;
      readonly budget: number;
      /** The KE1s of the attempts, in ascending order. */
      readonly openAttempts: readonly Name[];
      readonly authTicket?: Name;
    }
  | { readonly type: 'refilled'; readonly budget: number }
  | { readonly type: 'erasure-receipt'; readonly version: number }
  | { readonly type: 'not-registered' }
  | { readonly type: 'wrong-secret'; readonly budget: number }
  | { readonly type: 'destroyed'; readonly version: number }
  | { readonly type: 'erased'; readonly version: number }
  | { readonly type: 'stale-ticket' }
  | { readonly type: 'limit' };

/** One message to one vault and what became of it. */
export interface VaultCall {
  /** Unique in its history. */
  readonly id: number;
  /** Who called. */
  readonly process: string;
  readonly invokedMs: number;
  readonly returnedMs: number | undefined;
  readonly request: CallRequest;
  /** Undefined when no proven reply was heard: it may have taken effect, may yet, or never will. */
  readonly reply: CallReply | undefined;
}

export const nameOf = (bytes: Uint8Array): Name => hex(sha256(bytes).subarray(0, 8));
export const nameOfText = (text: string): Name => nameOf(utf8(text));

/**
 * The KE1s that one vault was sent, so that attempt ids in its replies can be told by them: an id depends on the version
 * that a KE1 met, which its sender does not know.
 */
export class AttemptNames {
  readonly #vaultId: VaultId;
  readonly #ke1s = new Map<Name, Uint8Array>();

  constructor(vaultId: VaultId) {
    this.#vaultId = vaultId;
  }

  learn(request: VaultRequest): void {
    if (request.type === 'recover.start') this.#ke1s.set(nameOf(request.ke1), request.ke1.slice());
  }

  /** @returns the KE1 that opened this attempt; for an attempt at nothing that was sent, a name that fits no KE1. */
  nameOf(attemptId: Uint8Array, version: number): Name {
    for (const [name, ke1] of this.#ke1s) {
      if (equalBytes(attemptIdOf(this.#vaultId, version, ke1), attemptId)) return name;
    }
    return nameOf(attemptId);
  }
}

/** Whose password a caller types, by name; the caller knows it, the messages do not show it. */
export interface Secrets {
  /** Typed by a recovery. */
  readonly tries?: Name | undefined;
  /** Put in force by a registration. */
  readonly sets?: Name | undefined;
}

/** What a recovery ticket stands for. */
export interface TicketOrigin {
  readonly ke1: Name;
  readonly version: number;
  readonly password?: Name;
}

/**
 * @param ticket - the ticket that the request came under, if it did. @param origin - of a recovery ticket.
 * @returns undefined for a finish under a ticket that nobody knows.
 */
export function nameRequest(
  request: VaultRequest,
  { tries, sets }: Secrets,
  ticket?: Uint8Array,
  origin?: TicketOrigin,
): CallRequest | undefined {
  switch (request.type) {
    case 'status':
      return { type: 'status' };
    case 'register.start': {
      const { type, authTicket } = request;
      return authTicket === undefined ? { type } : { type, authTicket: nameOf(authTicket) };
    }
    case 'register.finish': {
      if (ticket === undefined) return undefined;
      const { type, budgetMax, confirmHash, payload } = request;
      return {
        type,
        registration: nameOf(ticket),
        bytes: nameOf(concat(ticket, encodeVaultRequest(request))),
        budgetMax,
        confirm: nameOf(confirmHash),
        payload: nameOf(payload),
        ...(sets === undefined ? {} : { password: sets }),
      };
    }
    case 'register.confirm': {
      const { type, version, confirmSecret } = request;
      return { type, version, confirm: nameOf(confirmHashOf(confirmSecret)) };
    }
    case 'register.abandon':
      return { type: 'register.abandon', ticketId: nameOf(request.ticketId) };
    case 'recover.start':
      return {
        type: 'recover.start',
        ke1: nameOf(request.ke1),
        ...(tries === undefined ? {} : { password: tries }),
      };
    case 'recover.finish':
      return origin === undefined ? undefined : { type: 'recover.finish', ...origin };
    case 'refill':
      return { type: 'refill', authTicket: nameOf(request.authTicket) };
    case 'erase':
      return { type: 'erase', version: request.version };
  }
}

/** @param attempts - of the vault that answered. */
export function nameReply(reply: VaultReply, attempts: AttemptNames): CallReply {
  switch (reply.type) {
    case 'status': {
      const { pending, ...rest } = reply;
      return pending === undefined ? rest : { ...rest, pending: nameOf(pending) };
    }
    case 'register.started':
      return { type: reply.type, registration: nameOf(reply.ticket), ticketId: nameOf(reply.ticketId) };
    case 'recover.started': {
      const { type, version, budget, failures } = reply;
      return { type, version, budget, failures };
    }
    case 'recovered': {
      const { type, payload, version, budget, authTicket } = reply;
      const openAttempts = reply.openAttempts.map((id) => attempts.nameOf(id, version)).sort();
      const named = { type, payload: nameOf(payload), version, budget, openAttempts };
      return authTicket === undefined ? named : { ...named, authTicket: nameOf(authTicket) };
    }
    default:
      return reply;
  }
}
