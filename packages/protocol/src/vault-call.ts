import { bytes, decode, empty, encode, struct, u16, u32, variant } from '@coffer/wire';
import { sealedReplyBytes } from './channel.js';
import { type CommitProof, commitProofLayout } from './commit-proof.js';
import { type ConfigHash, configHashLayout, type VaultId, vaultIdLayout } from './ids.js';
import { sealedRequestBytesMax } from './limits.js';

/** Body of `POST /v1/vault`, client to gateway. The account token travels beside it, never inside. */
export interface VaultCall {
  /** The fleet that the request is sealed to. */
  readonly configHash: ConfigHash;
  /** {@link sealedRequestBytesMax} bytes at most. */
  readonly request: Uint8Array;
}

/** What the gateway asks of an agent: the call, and the vault and group that it derived from the account token. */
export interface RoutedCall extends VaultCall {
  readonly vaultId: VaultId;
  readonly group: number;
}

/** A committed reply with the proof that it is committed. */
export interface VaultAnswer {
  readonly reply: Uint8Array;
  readonly proof: CommitProof;
}

/** What an agent answers a routed call with. Only the first carries anything that an HSM said. */
export type RoutedAnswer =
  | ({ readonly type: 'committed' } & VaultAnswer)
  | { readonly type: 'bad-request' }
  | { readonly type: 'unknown-fleet' }
  /** `leaderId`: who leads the group as far as this agent knows; 0 when it does not know. */
  | { readonly type: 'not-leader'; readonly leaderId: number }
  | { readonly type: 'unavailable'; readonly retryAfterMs: number };

export const vaultCallLayout = struct<VaultCall>({
  configHash: configHashLayout,
  request: bytes(sealedRequestBytesMax),
});
export const routedCallLayout = struct<RoutedCall>({
  configHash: configHashLayout,
  request: bytes(sealedRequestBytesMax),
  vaultId: vaultIdLayout,
  group: u16,
});
export const vaultAnswerLayout = struct<VaultAnswer>({ reply: bytes(sealedReplyBytes), proof: commitProofLayout });
export const routedAnswerLayout = variant<RoutedAnswer>({
  committed: [1, vaultAnswerLayout],
  'bad-request': [2, empty],
  'unknown-fleet': [3, empty],
  'not-leader': [4, struct<{ leaderId: number }>({ leaderId: u16 })],
  unavailable: [5, struct<{ retryAfterMs: number }>({ retryAfterMs: u32 })],
});

/** Largest encoded {@link VaultCall}, so that a gateway can refuse a body by its announced length. */
export const vaultCallBytesMax = 32 + 4 + sealedRequestBytesMax;

export const encodeVaultCall = (call: VaultCall): Uint8Array => encode(vaultCallLayout, call);
export const decodeVaultCall = (body: Uint8Array): VaultCall => decode(vaultCallLayout, body);
export const encodeVaultAnswer = (answer: VaultAnswer): Uint8Array => encode(vaultAnswerLayout, answer);
export const decodeVaultAnswer = (body: Uint8Array): VaultAnswer => decode(vaultAnswerLayout, body);
export const encodeRoutedCall = (call: RoutedCall): Uint8Array => encode(routedCallLayout, call);
export const decodeRoutedCall = (body: Uint8Array): RoutedCall => decode(routedCallLayout, body);
export const encodeRoutedAnswer = (answer: RoutedAnswer): Uint8Array => encode(routedAnswerLayout, answer);
export const decodeRoutedAnswer = (body: Uint8Array): RoutedAnswer => decode(routedAnswerLayout, body);
