import { concat, type Entropy, u16be, utf8, zero } from '@coffer/base';
import {
  aes256gcmOpen,
  aes256gcmSeal,
  CryptoError,
  hkdf,
  hpkeSetupReceiver,
  hpkeSetupSender,
  sha256,
  type XWingSecretKey,
} from '@coffer/crypto';
import { bytes, decode, encode, fixed, struct, variant, WireError } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import type { FleetDescriptor } from './fleet-descriptor.js';
import { groupOf, type VaultId } from './ids.js';
import { channelPlaintextBytes, protocolVersion, ticketBytesMax } from './limits.js';
import { decodeVaultReply, encodeVaultReply, type VaultReply } from './replies.js';
import { decodeVaultRequest, encodeVaultRequest, type VaultRequest } from './requests.js';

/**
 * The sealed channel between a client and the fleet: HPKE base mode (RFC 9180) to the fleet's channel key for a first
 * message, the resumption secret of a ticket for a second one. docs/spec/protocol.md §4.
 */

const requestInfo = utf8('coffer/channel/v1');
const replySecretContext = utf8('coffer/reply-secret/v1');
const replyInfo = utf8('coffer/reply/v1');
const ticketedInfo = utf8('coffer/ticketed-request/v1');
/** Every key here encrypts one message, so the nonce is constant. */
const zeroNonce = new Uint8Array(12);
const boxBytes = channelPlaintextBytes + 16;

/** A request as it travels. */
export type SealedRequest =
  | { readonly type: 'fresh'; readonly enc: Uint8Array; readonly box: Uint8Array }
  | {
      readonly type: 'ticketed';
      readonly ticket: Uint8Array;
      readonly clientNonce: Uint8Array;
      readonly box: Uint8Array;
    };

const sealedRequestLayout = variant<SealedRequest>({
  fresh: [1, struct<{ enc: Uint8Array; box: Uint8Array }>({ enc: fixed(1120), box: fixed(boxBytes) })],
  ticketed: [
    2,
    struct<{ ticket: Uint8Array; clientNonce: Uint8Array; box: Uint8Array }>({
      ticket: bytes(ticketBytesMax),
      clientNonce: fixed(32),
      box: fixed(boxBytes),
    }),
  ],
});

interface SealedReply {
  /** 32 fresh bytes of the HSM, in clear. */
  readonly hsmNonce: Uint8Array;
  readonly box: Uint8Array;
}

const sealedReplyLayout = struct<SealedReply>({ hsmNonce: fixed(32), box: fixed(boxBytes) });
/** Bytes of every sealed reply. */
export const sealedReplyBytes = 32 + boxBytes;

/** The vault that a request is for; the associated data of both directions. */
export interface Vault {
  readonly fleet: FleetDescriptor;
  readonly vaultId: VaultId;
}

/** What opens the reply to one request. Zero `replySecret` when done. */
export interface OpenExchange {
  readonly replySecret: Uint8Array;
  /** SHA-256 of the sealed request. */
  readonly requestHash: Uint8Array;
}

/**
 * `(protocol version, fleetId, configHash, group, vaultId)`: a host that presents the request for another vault, group or
 * fleet finds that it does not open.
 */
export function associatedData({ fleet, vaultId }: Vault): Uint8Array {
  const group = groupOf(vaultId, fleet.groups);
  return concat(u16be(protocolVersion), fleet.fleetId, fleet.configHash, u16be(group), vaultId);
}

/** Client: seals a first message to the fleet. */
export function sealRequest(
  vault: Vault,
  request: VaultRequest,
  entropy: Entropy,
): { sealed: Uint8Array } & OpenExchange {
  const { enc, context } = hpkeSetupSender(vault.fleet.channelKey, requestInfo, entropy);
  try {
    const plaintext = encodeVaultRequest(request);
    const box = context.seal(associatedData(vault), plaintext);
    zero(plaintext);
    return exchange(
      encode(sealedRequestLayout, { type: 'fresh', enc, box }),
      context.exportSecret(replySecretContext, 32),
    );
  } finally {
    context.destroy();
  }
}

/** Client: seals a second message under its ticket's resumption secret; no public-key operation. */
export function sealTicketedRequest(
  vault: Vault,
  ticket: { readonly ticket: Uint8Array; readonly resumptionSecret: Uint8Array },
  request: VaultRequest,
  entropy: Entropy,
): { sealed: Uint8Array } & OpenExchange {
  const clientNonce = entropy.bytes(32);
  const key = ticketedKey(ticket.resumptionSecret, clientNonce);
  const plaintext = encodeVaultRequest(request);
  const box = aes256gcmSeal(key, zeroNonce, associatedData(vault), plaintext);
  zero(key, plaintext);
  const sealed = encode(sealedRequestLayout, { type: 'ticketed', ticket: ticket.ticket, clientNonce, box });
  return exchange(sealed, ticket.resumptionSecret.slice());
}

/** Decodes the outside of a sealed request. @throws WireError. */
export function decodeSealedRequest(sealed: Uint8Array): SealedRequest {
  return decode(sealedRequestLayout, sealed);
}

/** HSM: opens a first message. @throws ProtocolError `bad-channel`, WireError. */
export function openFreshRequest(
  vault: Vault,
  channelKey: XWingSecretKey,
  sealed: Uint8Array,
  { enc, box }: Extract<SealedRequest, { type: 'fresh' }>,
): { request: VaultRequest } & OpenExchange {
  return opening(() => {
    const context = hpkeSetupReceiver(channelKey, enc, requestInfo);
    try {
      const request = decoded(context.open(associatedData(vault), box), decodeVaultRequest);
      return { request, ...withHash(sealed, context.exportSecret(replySecretContext, 32)) };
    } finally {
      context.destroy();
    }
  });
}

/** HSM: opens a second message with the secret that its ticket carried. @throws ProtocolError `bad-channel`, WireError. */
export function openTicketedRequest(
  vault: Vault,
  resumptionSecret: Uint8Array,
  sealed: Uint8Array,
  { clientNonce, box }: Extract<SealedRequest, { type: 'ticketed' }>,
): { request: VaultRequest } & OpenExchange {
  return opening(() => {
    const key = ticketedKey(resumptionSecret, clientNonce);
    const request = decoded(openBox(key, vault, box), decodeVaultRequest);
    return { request, ...withHash(sealed, resumptionSecret.slice()) };
  });
}

/**
 * HSM: seals a reply. The key takes in a nonce of the HSM and the whole request, so that a replayed request gets its
 * reply under another key: base mode itself has no replay protection.
 */
export function sealReply(vault: Vault, open: OpenExchange, reply: VaultReply, entropy: Entropy): Uint8Array {
  const hsmNonce = entropy.bytes(32);
  const key = replyKey(open, hsmNonce);
  const plaintext = encodeVaultReply(reply);
  const box = aes256gcmSeal(key, zeroNonce, associatedData(vault), plaintext);
  zero(key, plaintext);
  return encode(sealedReplyLayout, { hsmNonce, box });
}

/** Client: opens the reply to its own request. @throws ProtocolError `bad-channel`, WireError. */
export function openReply(vault: Vault, open: OpenExchange, sealedReply: Uint8Array): VaultReply {
  const { hsmNonce, box } = decode(sealedReplyLayout, sealedReply);
  return opening(() => {
    return decoded(openBox(replyKey(open, hsmNonce), vault, box), decodeVaultReply);
  });
}

function ticketedKey(resumptionSecret: Uint8Array, clientNonce: Uint8Array): Uint8Array {
  return hkdf('sha256', clientNonce, resumptionSecret, ticketedInfo, 32);
}

function replyKey({ replySecret, requestHash }: OpenExchange, hsmNonce: Uint8Array): Uint8Array {
  return hkdf('sha256', concat(hsmNonce, requestHash), replySecret, replyInfo, 32);
}

function exchange(sealed: Uint8Array, replySecret: Uint8Array): { sealed: Uint8Array } & OpenExchange {
  return { sealed, ...withHash(sealed, replySecret) };
}

function withHash(sealed: Uint8Array, replySecret: Uint8Array): OpenExchange {
  return { replySecret, requestHash: sha256(sealed) };
}

/** Opens under a key that is good for this one box, and zeroed here. */
function openBox(key: Uint8Array, vault: Vault, box: Uint8Array): Uint8Array {
  try {
    return aes256gcmOpen(key, zeroNonce, associatedData(vault), box);
  } finally {
    zero(key);
  }
}

/** Decodes a plaintext and zeroes it, whether it decodes or not. */
function decoded<T>(plaintext: Uint8Array, decode: (plaintext: Uint8Array) => T): T {
  try {
    return decode(plaintext);
  } finally {
    zero(plaintext);
  }
}

/** Whatever fails while opening is one error for the outside: a host must not learn where it went wrong. */
function opening<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError) {
      throw new ProtocolError('bad-channel', 'does not open', { cause });
    }
    throw cause;
  }
}
