import { concat, type Entropy, utf8, zero } from '@coffer/base';
import { CryptoError, hkdf, openCommitting, sealCommitting } from '@coffer/crypto';
import { associatedData, type Vault } from '@coffer/protocol';
import { bool, decode, encode, fixed, type Layout, pad, struct, u32, u64, unpad } from '@coffer/wire';

/**
 * Tickets: state that the HSM seals to itself and the client carries, so that any HSM of the fleet can go on with a flow.
 * Each type has its own key, derived per group and vault, and all have one size: what a ticket is for, whose it is and
 * when it goes stale cannot be mixed up, and a host cannot tell one type from another.
 */

/** Carries a registration from its start to its finish. Bound to `seq`: whatever happens in between makes it stale. */
export interface RegisterTicket {
  readonly version: number;
  readonly seq: bigint;
  readonly ticketId: Uint8Array;
  readonly authenticated: boolean;
  readonly oprfKey: Uint8Array;
  readonly resumptionSecret: Uint8Array;
}

/** Carries a recovery from KE1 to KE3. Bound to the version of the record, hence to one password. */
export interface RecoverTicket {
  readonly version: number;
  readonly attemptId: Uint8Array;
  /** The KE3 that only the right password produces, 64 B. */
  readonly expectedKe3: Uint8Array;
  readonly resumptionSecret: Uint8Array;
}

/** Says that the password of `version` was just proven. Good for one refill or registration: both change `seq`. */
export interface AuthTicket {
  readonly version: number;
  readonly seq: bigint;
}

interface TicketType<T> {
  readonly label: Uint8Array;
  readonly layout: Layout<T>;
}

export const registerTicket: TicketType<RegisterTicket> = {
  label: utf8('coffer/ticket/register/v1'),
  layout: struct<RegisterTicket>({
    version: u32,
    seq: u64,
    ticketId: fixed(32),
    authenticated: bool,
    oprfKey: fixed(32),
    resumptionSecret: fixed(32),
  }),
};

export const recoverTicket: TicketType<RecoverTicket> = {
  label: utf8('coffer/ticket/recover/v1'),
  layout: struct<RecoverTicket>({
    version: u32,
    attemptId: fixed(32),
    expectedKe3: fixed(64),
    resumptionSecret: fixed(32),
  }),
};

export const authTicket: TicketType<AuthTicket> = {
  label: utf8('coffer/ticket/auth/v1'),
  layout: struct<AuthTicket>({ version: u32, seq: u64 }),
};

const ticketPlaintextBytes = 192;

export function sealTicket<T>(
  type: TicketType<T>,
  ticketSecret: Uint8Array,
  vault: Vault,
  ticket: T,
  entropy: Entropy,
): Uint8Array {
  const plaintext = encode(type.layout, ticket);
  const padded = pad(plaintext, ticketPlaintextBytes);
  const key = ticketKey(type, ticketSecret, vault);
  const sealed = sealCommitting(key, type.label, associatedData(vault), padded, entropy);
  zero(key, plaintext, padded);
  return sealed;
}

/** @returns undefined for anything that this fleet did not seal as this type for this vault. */
export function openTicket<T>(
  type: TicketType<T>,
  ticketSecret: Uint8Array,
  vault: Vault,
  sealed: Uint8Array,
): T | undefined {
  const key = ticketKey(type, ticketSecret, vault);
  try {
    const padded = openCommitting(key, type.label, associatedData(vault), sealed);
    const plaintext = unpad(padded);
    const ticket = decode(type.layout, plaintext);
    zero(padded, plaintext);
    return ticket;
  } catch (cause) {
    if (cause instanceof CryptoError) return undefined;
    throw cause;
  } finally {
    zero(key);
  }
}

/** `associatedData` names protocol version, fleet, configHash, group and vault. */
function ticketKey<T>(type: TicketType<T>, ticketSecret: Uint8Array, vault: Vault): Uint8Array {
  return hkdf('sha256', new Uint8Array(32), ticketSecret, concat(type.label, associatedData(vault)), 32);
}
