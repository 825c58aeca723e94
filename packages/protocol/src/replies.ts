import {
  bytes,
  decode,
  empty,
  encode,
  enumerated,
  fixed,
  list,
  optional,
  pad,
  struct,
  u8,
  u32,
  unpad,
  variant,
} from '@coffer/wire';
import { type KsfParameters, ksfLayout } from './ksf.js';
import { budgetLimitMax, channelPlaintextBytes, payloadBytesMax, ticketBytesMax } from './limits.js';

/** State of a vault's record. */
export type VaultState = 'none' | 'live' | 'destroyed' | 'erased';
const states: readonly VaultState[] = ['none', 'live', 'destroyed', 'erased'];

/** A ticket (opaque to the client) with the 32-byte secret under which the next message of the flow is sealed. */
export interface Ticket {
  readonly ticket: Uint8Array;
  readonly resumptionSecret: Uint8Array;
}

/** What everybody learns about a record who may ask about it. */
export interface VaultStatus {
  readonly state: VaultState;
  readonly version: number;
  /** 0 to 10; all three are 0 unless `state` is `live`. */
  readonly budgetMax: number;
  readonly budget: number;
  readonly failures: number;
  /** Unauthenticated confirms at version > 0: somebody replaced a secret without knowing the old one. */
  readonly resets: number;
  /** ticketId of a registration that waits for its confirm. */
  readonly pending: Uint8Array | undefined;
}

/** What an HSM answers inside the seal. The last six are outcomes, never errors. */
export type VaultReply =
  | ({ readonly type: 'status' } & VaultStatus)
  /** `response`: 64 B OPAQUE registration response. `ticketId`: 32 B. */
  | ({ readonly type: 'register.started'; readonly response: Uint8Array; readonly ticketId: Uint8Array } & Ticket)
  /** `version`: what `register.confirm` must name. */
  | { readonly type: 'register.finished'; readonly version: number }
  | { readonly type: 'register.confirmed'; readonly version: number; readonly budget: number; readonly resets: number }
  | { readonly type: 'register.abandoned' }
  /** `ke2`: 320 B. `budget`, `failures`: after this charge. */
  | ({
      readonly type: 'recover.started';
      readonly ke2: Uint8Array;
      readonly ksf: KsfParameters;
      readonly version: number;
      readonly budget: number;
      readonly failures: number;
    } & Ticket)
  /**
   * `authTicket`: absent when the attempt was closed before. `openAttempts`: 32-byte attempt ids of the failures since the
   * last grant; by these, and not by their number, a device knows its own from foreign ones.
   */
  | {
      readonly type: 'recovered';
      readonly payload: Uint8Array;
      readonly version: number;
      readonly budget: number;
      readonly openAttempts: readonly Uint8Array[];
      readonly authTicket: Uint8Array | undefined;
    }
  | { readonly type: 'refilled'; readonly budget: number }
  /** The erasure receipt, worth something only with its commit proof. `version`: after the erasure. */
  | { readonly type: 'erasure-receipt'; readonly version: number }
  | { readonly type: 'not-registered' }
  | { readonly type: 'wrong-secret'; readonly budget: number }
  | { readonly type: 'destroyed'; readonly version: number }
  | { readonly type: 'erased'; readonly version: number }
  | { readonly type: 'stale-ticket' }
  | { readonly type: 'limit' };

type Fields<T extends VaultReply['type']> = Omit<Extract<VaultReply, { type: T }>, 'type'>;

const ticketFields = { ticket: bytes(ticketBytesMax), resumptionSecret: fixed(32) };
const stateLayout = enumerated(states);
const versionOnly = struct<{ readonly version: number }>({ version: u32 });

export const vaultReplyLayout = variant<VaultReply>({
  status: [
    1,
    struct<Fields<'status'>>({
      state: stateLayout,
      version: u32,
      budgetMax: u8,
      budget: u8,
      failures: u8,
      resets: u32,
      pending: optional(fixed(32)),
    }),
  ],
  'register.started': [
    2,
    struct<Fields<'register.started'>>({ response: fixed(64), ticketId: fixed(32), ...ticketFields }),
  ],
  'register.finished': [3, versionOnly],
  'register.confirmed': [4, struct<Fields<'register.confirmed'>>({ version: u32, budget: u8, resets: u32 })],
  'register.abandoned': [5, empty],
  'recover.started': [
    6,
    struct<Fields<'recover.started'>>({
      ke2: fixed(320),
      ksf: ksfLayout,
      version: u32,
      budget: u8,
      failures: u8,
      ...ticketFields,
    }),
  ],
  recovered: [
    7,
    struct<Fields<'recovered'>>({
      payload: bytes(payloadBytesMax),
      version: u32,
      budget: u8,
      openAttempts: list(fixed(32), budgetLimitMax),
      authTicket: optional(bytes(ticketBytesMax)),
    }),
  ],
  refilled: [8, struct<Fields<'refilled'>>({ budget: u8 })],
  'erasure-receipt': [9, versionOnly],
  'not-registered': [32, empty],
  'wrong-secret': [33, struct<Fields<'wrong-secret'>>({ budget: u8 })],
  destroyed: [34, versionOnly],
  erased: [35, versionOnly],
  'stale-ticket': [36, empty],
  limit: [37, empty],
});

/** Padded plaintext of a reply: always {@link channelPlaintextBytes} bytes. */
export const encodeVaultReply = (reply: VaultReply): Uint8Array =>
  pad(encode(vaultReplyLayout, reply), channelPlaintextBytes);
/** @throws WireError. */
export const decodeVaultReply = (plaintext: Uint8Array): VaultReply => decode(vaultReplyLayout, unpad(plaintext));
