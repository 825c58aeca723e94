import { equalBytes } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import type { TrustRoot } from './trust-root.js';

/** Whether a tree of `size` leaves lies before the revocation of `key`: for a leaf, the tree that it completes. */
export function isKeyInForce({ revocations }: TrustRoot, key: Uint8Array, size: number): boolean {
  const revocation = revocations.find((each) => equalBytes(each.key, key));
  return !(revocation !== undefined && size > revocation.revokedAtSize);
}

/** Checks {@link isKeyInForce}. @throws TransparencyError `key-revoked`. */
export function verifyKeyInForce(root: TrustRoot, key: Uint8Array, size: number): void {
  if (!isKeyInForce(root, key, size))
    throw new TransparencyError('key-revoked', 'signed by a key that was revoked before');
}
