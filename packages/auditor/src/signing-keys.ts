import { equalBytes } from '@coffer/base';
import { ed25519PublicKey, ed25519SeedBytes } from '@coffer/crypto';
import { type NoteSigner, plexiKeyId, type TrustRoot } from '@coffer/transparency';
import { AuditorError } from './errors.js';
import { isInForce } from './leaf-checks.js';

/** A key by which the auditor signs epochs. */
export interface AuditorKey {
  /** 32 bytes, secret. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Since when it has been in use, milliseconds since 1970. */
  readonly notBeforeMs: number;
}

/** @param seed - 32 bytes; stays the caller's. @throws AuditorError `bad-config`. */
export function auditorKey(seed: Uint8Array, notBeforeMs: number): AuditorKey {
  if (seed.length !== ed25519SeedBytes) throw new AuditorError('bad-config', 'a seed is 32 bytes');
  return { seed, publicKey: ed25519PublicKey(seed), notBeforeMs };
}

/** @throws AuditorError `bad-config` without a key, or with two that have one `key_id`. */
export function verifyAuditorKeys(keys: readonly AuditorKey[]): void {
  const ids = new Set(keys.map(({ publicKey }) => plexiKeyId(publicKey)));
  if (keys.length === 0 || ids.size !== keys.length)
    throw new AuditorError('bad-config', 'one or more auditor keys with distinct last bytes');
}

/** The first key that the root lists and that is in force for an epoch. @throws AuditorError `no-signing-key`. */
export function keyFor(keys: readonly AuditorKey[], root: TrustRoot, epoch: number): AuditorKey {
  const key = keys.find(({ publicKey }) => isListed(root.auditors, publicKey) && isInForce(root, publicKey, epoch));
  if (key === undefined) throw new AuditorError('no-signing-key', 'no auditor key of the trust root is held');
  return key;
}

/**
 * The first log key that the root lists and that is in force for a tree of `size` leaves.
 * @throws AuditorError `no-signing-key`.
 */
export function logSignerFor(signers: readonly NoteSigner[], root: TrustRoot, size: number): NoteSigner {
  const listed = root.policy.logs.map(({ key }) => key.key);
  const signer = signers.find(({ key }) => isListed(listed, key) && isInForce(root, key, size));
  if (signer === undefined) throw new AuditorError('no-signing-key', 'no log key of the trust root is held');
  return signer;
}

const isListed = (keys: readonly Uint8Array[], key: Uint8Array): boolean => keys.some((each) => equalBytes(each, key));
