import { type Branded, concat, lengthPrefixed, utf8 } from '@coffer/base';
import { hmacSha256, sha256 } from '@coffer/crypto';
import { branded, fixed, type Layout } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import { nameBytesMax } from './limits.js';

/** 32 bytes that name one account's vault to client, gateway and HSM. */
export type VaultId = Branded<Uint8Array, 'VaultId'>;
/** 32 bytes: the position of a vault in its group's tree. */
export type RecordKey = Branded<Uint8Array, 'RecordKey'>;
/** 16 random bytes drawn when the fleet was created. */
export type FleetId = Branded<Uint8Array, 'FleetId'>;
/** SHA-256 of the fleet descriptor. */
export type ConfigHash = Branded<Uint8Array, 'ConfigHash'>;
/** 32 bytes that hash an entry and, through `prevHash`, everything before it. */
export type EntryHash = Branded<Uint8Array, 'EntryHash'>;

export const vaultIdLayout: Layout<VaultId> = branded(fixed(32));
export const recordKeyLayout: Layout<RecordKey> = branded(fixed(32));
export const fleetIdLayout: Layout<FleetId> = branded(fixed(16));
export const configHashLayout: Layout<ConfigHash> = branded(fixed(32));
export const entryHashLayout: Layout<EntryHash> = branded(fixed(32));

const halfCharacter = /\p{Surrogate}/u;

/**
 * `SHA-256("coffer/vault-id/v1" ‖ lp(tenant) ‖ lp(account))`. Client and gateway compute it independently; the seal opens
 * only where both agree, so one account's token cannot reach another's vault.
 * @throws ProtocolError `bad-account` when a name is empty, over {@link nameBytesMax} bytes, or holds half a surrogate pair:
 *   UTF-8 has no bytes for one, and what an encoder writes instead would be another account's name.
 */
export function vaultIdOf(tenant: string, account: string): VaultId {
  const names = [tenant, account].map((text) => {
    const name = utf8(text);
    if (name.length === 0 || name.length > nameBytesMax) throw new ProtocolError('bad-account', 'name out of range');
    if (halfCharacter.test(text)) throw new ProtocolError('bad-account', 'a name that is no Unicode text');
    return name;
  });
  return sha256(utf8('coffer/vault-id/v1'), ...names.map(lengthPrefixed)) as VaultId;
}

/** The group of a vault: its first 8 bytes, big-endian, modulo the fleet's number of groups. */
export function groupOf(vaultId: VaultId, groups: number): number {
  let first = 0n;
  for (const byte of vaultId.subarray(0, 8)) first = (first << 8n) | BigInt(byte);
  return Number(first % BigInt(groups));
}

/**
 * `HMAC-SHA-256(indexKey, vaultId)`: agents and HSMs know `indexKey`, so that a dump of the storage alone does not say
 * who has a vault.
 */
export function recordKeyOf(indexKey: Uint8Array, vaultId: VaultId): RecordKey {
  return hmacSha256(indexKey, vaultId) as RecordKey;
}

/** `SHA-256(label ‖ parts)`: every hash of this protocol starts with a label of its own. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(utf8(label), ...parts));
}
