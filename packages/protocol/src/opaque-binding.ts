import { u32be, utf8 } from '@coffer/base';
import type { Vault } from './channel.js';
import { labelledHash, type VaultId } from './ids.js';

/** OPAQUE's identities and context for one vault (RFC 9807 §4, §6.4): an envelope made for one never opens in another. */
export interface OpaqueBinding {
  readonly serverIdentity: Uint8Array;
  readonly clientIdentity: Uint8Array;
  readonly context: Uint8Array;
}

/** The server is the fleet, the client is the vault; both as their 32-byte hashes. */
export function opaqueBinding({ fleet, vaultId }: Vault): OpaqueBinding {
  return { serverIdentity: fleet.configHash, clientIdentity: vaultId, context: utf8('coffer/opaque/v1') };
}

/** What `register.finish` stores of a 32-byte confirm secret: only who drew the secret can confirm. */
export function confirmHashOf(confirmSecret: Uint8Array): Uint8Array {
  return labelledHash('coffer/confirm/v1', confirmSecret);
}

/**
 * Names one guess: 32 bytes, so that nobody finds two KE1s that share one charge.
 * `SHA-256("coffer/attempt/v1" ‖ vaultId ‖ u32 version ‖ KE1)`.
 */
export function attemptIdOf(vaultId: VaultId, version: number, ke1: Uint8Array): Uint8Array {
  return labelledHash('coffer/attempt/v1', vaultId, u32be(version), ke1);
}
