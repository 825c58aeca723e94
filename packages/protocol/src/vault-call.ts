import {
  bytes,
  decode,
  empty,
  encode,
  type Layout,
  optional,
  struct,
  u16,
  u32,
  u64,
  variant,
  WireError,
} from '@coffer/wire';
import { sealedReplyBytes } from './channel.js';
import { type CommitProof, commitProofLayout } from './commit-proof.js';
import { type ConfigHash, configHashLayout, type VaultId, vaultIdLayout } from './ids.js';
import { bundleBytesMax, sealedRequestBytesMax } from './limits.js';

/** A sealed request and the fleet that it is for. */
export interface FleetRequest {
  /** The fleet that the request is sealed to. */
  readonly configHash: ConfigHash;
  /** {@link sealedRequestBytesMax} bytes at most. */
  readonly request: Uint8Array;
}

/** Where a client's trust stands, so that a gateway can tell whether it has news for it. Whole numbers up to 2^53 − 1. */
export interface KnownEpoch {
  /** The newest epoch that the client verified; 0 for none. */
  readonly epoch: number;
  /** Size of the log at its newest verified checkpoint; 0 for none. */
  readonly size: number;
}

/** Body of `POST /v1/vault`, client to gateway. The account token travels beside it, never inside. */
export interface VaultCall extends FleetRequest {
  /** Of a client that learns fleets over the air. */
  readonly known?: KnownEpoch | undefined;
}

/** What the gateway asks of an agent: the call, and the vault and group that it derived from the account token. */
export interface RoutedCall extends FleetRequest {
  readonly vaultId: VaultId;
  readonly group: number;
}

/** A committed reply with the proof that it is committed. */
export interface CommittedReply {
  readonly reply: Uint8Array;
  readonly proof: CommitProof;
}

/** Answer to a {@link VaultCall}. */
export interface VaultAnswer extends CommittedReply {
  /** A validation bundle from the size that the client named, when there is an epoch newer than the one it named. */
  readonly bundle?: Uint8Array | undefined;
}

/** What an agent answers a routed call with. Only the first carries anything that an HSM said. */
export type RoutedAnswer =
  | ({ readonly type: 'committed' } & CommittedReply)
  | { readonly type: 'bad-request' }
  | { readonly type: 'unknown-fleet' }
  /** `leaderId`: who leads the group as far as this agent knows; 0 when it does not know. */
  | { readonly type: 'not-leader'; readonly leaderId: number }
  | { readonly type: 'unavailable'; readonly retryAfterMs: number };

/** A u64 that a JavaScript number counts exactly. */
const counted: Layout<number> = {
  write(writer, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw new WireError('bad-value', 'not an epoch or a size');
    u64.write(writer, BigInt(value));
  },
  read(reader) {
    const value = Number(u64.read(reader));
    if (!Number.isSafeInteger(value)) throw new WireError('bad-value', 'not an epoch or a size');
    return value;
  },
};

export const vaultCallLayout = struct<VaultCall>({
  configHash: configHashLayout,
  request: bytes(sealedRequestBytesMax),
  known: optional(struct<KnownEpoch>({ epoch: counted, size: counted })),
});
export const routedCallLayout = struct<RoutedCall>({
  configHash: configHashLayout,
  request: bytes(sealedRequestBytesMax),
  vaultId: vaultIdLayout,
  group: u16,
});
export const committedReplyLayout = struct<CommittedReply>({
  reply: bytes(sealedReplyBytes),
  proof: commitProofLayout,
});
export const vaultAnswerLayout = struct<VaultAnswer>({
  reply: bytes(sealedReplyBytes),
  proof: commitProofLayout,
  bundle: optional(bytes(bundleBytesMax)),
});
export const routedAnswerLayout = variant<RoutedAnswer>({
  committed: [1, committedReplyLayout],
  'bad-request': [2, empty],
  'unknown-fleet': [3, empty],
  'not-leader': [4, struct<{ leaderId: number }>({ leaderId: u16 })],
  unavailable: [5, struct<{ retryAfterMs: number }>({ retryAfterMs: u32 })],
});

/** Largest encoded {@link VaultCall}, so that a gateway can refuse a body by its announced length. */
export const vaultCallBytesMax = 32 + 4 + sealedRequestBytesMax + 1 + 16;

export const encodeVaultCall = (call: VaultCall): Uint8Array => encode(vaultCallLayout, call);
export const decodeVaultCall = (body: Uint8Array): VaultCall => decode(vaultCallLayout, body);
export const encodeVaultAnswer = (answer: VaultAnswer): Uint8Array => encode(vaultAnswerLayout, answer);
export const decodeVaultAnswer = (body: Uint8Array): VaultAnswer => decode(vaultAnswerLayout, body);
export const encodeRoutedCall = (call: RoutedCall): Uint8Array => encode(routedCallLayout, call);
export const decodeRoutedCall = (body: Uint8Array): RoutedCall => decode(routedCallLayout, body);
export const encodeRoutedAnswer = (answer: RoutedAnswer): Uint8Array => encode(routedAnswerLayout, answer);
export const decodeRoutedAnswer = (body: Uint8Array): RoutedAnswer => decode(routedAnswerLayout, body);
