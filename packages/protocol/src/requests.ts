import { bytes, decode, empty, encode, fixed, optional, pad, struct, u8, u32, unpad, variant } from '@coffer/wire';
import { type KsfParameters, ksfLayout } from './ksf.js';
import { channelPlaintextBytes, payloadBytesMax, ticketBytesMax } from './limits.js';

/** What a client asks of a vault; docs/spec/protocol.md gives each one's effect and what it does when executed again. */
export type VaultRequest =
  | { readonly type: 'status' }
  /** `blinded`: 32-byte OPRF element. `authTicket` makes the registration an authenticated one. */
  | { readonly type: 'register.start'; readonly blinded: Uint8Array; readonly authTicket: Uint8Array | undefined }
  /** Sent under the registration ticket. `record`: 192 B (RFC 9807). `confirmHash`: SHA-256 of the confirm secret. */
  | {
      readonly type: 'register.finish';
      readonly record: Uint8Array;
      readonly ksf: KsfParameters;
      readonly payload: Uint8Array;
      readonly budgetMax: number;
      readonly confirmHash: Uint8Array;
    }
  /** `version`: the record's version as `register.finish` answered it. `confirmSecret`: 32 B that this client drew. */
  | { readonly type: 'register.confirm'; readonly version: number; readonly confirmSecret: Uint8Array }
  | { readonly type: 'register.abandon'; readonly ticketId: Uint8Array }
  /** `ke1`: 96 B. */
  | { readonly type: 'recover.start'; readonly ke1: Uint8Array }
  /** Sent under the recovery ticket. `ke3`: 64 B, or random bytes after a failed unlock. */
  | { readonly type: 'recover.finish'; readonly ke3: Uint8Array }
  | { readonly type: 'refill'; readonly authTicket: Uint8Array }
  | { readonly type: 'erase'; readonly version: number };

type Fields<T extends VaultRequest['type']> = Omit<Extract<VaultRequest, { type: T }>, 'type'>;

const ticket = bytes(ticketBytesMax);

export const vaultRequestLayout = variant<VaultRequest>({
  status: [1, empty],
  'register.start': [2, struct<Fields<'register.start'>>({ blinded: fixed(32), authTicket: optional(ticket) })],
  'register.finish': [
    3,
    struct<Fields<'register.finish'>>({
      record: fixed(192),
      ksf: ksfLayout,
      payload: bytes(payloadBytesMax),
      budgetMax: u8,
      confirmHash: fixed(32),
    }),
  ],
  'register.confirm': [4, struct<Fields<'register.confirm'>>({ version: u32, confirmSecret: fixed(32) })],
  'register.abandon': [5, struct<Fields<'register.abandon'>>({ ticketId: fixed(32) })],
  'recover.start': [6, struct<Fields<'recover.start'>>({ ke1: fixed(96) })],
  'recover.finish': [7, struct<Fields<'recover.finish'>>({ ke3: fixed(64) })],
  refill: [8, struct<Fields<'refill'>>({ authTicket: ticket })],
  erase: [9, struct<Fields<'erase'>>({ version: u32 })],
});

/** Padded plaintext of a request: always {@link channelPlaintextBytes} bytes. */
export const encodeVaultRequest = (request: VaultRequest): Uint8Array =>
  pad(encode(vaultRequestLayout, request), channelPlaintextBytes);
/** @throws WireError. */
export const decodeVaultRequest = (plaintext: Uint8Array): VaultRequest => decode(vaultRequestLayout, unpad(plaintext));
