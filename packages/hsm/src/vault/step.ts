import { type Entropy, invariant } from '@coffer/base';
import type { Vault, VaultReply, VaultRequest } from '@coffer/protocol';
import type { FleetKeys } from '../fleet-secrets.js';
import { budgetOf, type VaultRecord } from '../record.js';
import { type AuthTicket, authTicket, openTicket, type RecoverTicket, type RegisterTicket } from '../tickets.js';

/** What a step may use besides the record and the request. */
export interface StepContext {
  readonly vault: Vault;
  readonly keys: FleetKeys;
  readonly entropy: Entropy;
}

/** A step's whole effect. The reply leaves the HSM only once a majority has captured the entry with `record` in it. */
export interface Step {
  readonly record: VaultRecord;
  readonly reply: VaultReply;
}

/** A request after its seal was opened, with the ticket that it came under. */
export type OpenedRequest =
  | { readonly under: 'fresh'; readonly request: VaultRequest }
  | { readonly under: 'register'; readonly request: VaultRequest; readonly ticket: RegisterTicket }
  | { readonly under: 'recover'; readonly request: VaultRequest; readonly ticket: RecoverTicket };

export type RequestOf<T extends VaultRequest['type']> = Extract<VaultRequest, { type: T }>;

/** The record with changed fields and the next `seq`. Every change goes through here, so that none forgets `seq`. */
export function changed(record: VaultRecord, fields: Partial<Omit<VaultRecord, 'seq'>>): VaultRecord {
  const next = { ...record, ...fields, seq: record.seq + 1n };
  invariant((next.state === 'live') === (next.live !== undefined), 'live secrets exactly in a live record');
  invariant(next.live === undefined ? next.openAttempts.length === 0 : budgetOf(next) >= 0, 'never below zero guesses');
  return next;
}

export const unchanged = (record: VaultRecord, reply: VaultReply): Step => ({ record, reply });

/** The outcome for a vault without a live record. */
export function notLive(record: VaultRecord): VaultReply {
  const { state, version } = record;
  if (state === 'destroyed' || state === 'erased') return { type: state, version };
  return { type: 'not-registered' };
}

/** The ticket, when it proves the password of this very record and nothing has happened since. */
export function openAuthTicket(context: StepContext, record: VaultRecord, sealed: Uint8Array): AuthTicket | undefined {
  const ticket = openTicket(authTicket, context.keys.ticketSecret, context.vault, sealed);
  return ticket !== undefined && ticket.seq === record.seq && ticket.version === record.version ? ticket : undefined;
}
