import { equalBytes } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import type { TrustRoot } from './trust-root.js';

/**
 * Checks that a tree of `size` leaves lies before the revocation of `key`: for a leaf, the tree that it completes.
 * @throws TransparencyError `key-revoked`.
 */
export function verifyKeyInForce({ revocations }: TrustRoot, key: Uint8Array, size: number): void {
  const revocation = revocations.find((each) => equalBytes(each.key, key));
  if (revocation !== undefined && size > revocation.revokedAtSize)
    throw new TransparencyError('key-revoked', 'signed by a key that was revoked before');
}
