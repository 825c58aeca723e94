import { equalBytes, hex } from '@coffer/base';
import { isEd25519Signature } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';
import { rotationsMax } from '../limits.js';
import { decodeTrustRoot, listedKeys, type SignedTrustRoot, type TrustRoot, trustRootMessage } from './trust-root.js';

/**
 * Follows published trust roots from the one a client holds to the newest.
 * @param held - believed already: compiled in, or the result of an earlier call.
 * @param chain - the bytes of the versions after it, in order; may be empty.
 * @returns the last one.
 * @throws TransparencyError as {@link verifyRotation}, `bad-trust-root` for one out of form or a chain over its limit.
 */
export function verifyRotations(held: TrustRoot, chain: readonly Uint8Array[]): TrustRoot {
  if (chain.length > rotationsMax) throw new TransparencyError('bad-trust-root', 'a chain over its limit');
  return chain.reduce((current, bytes) => verifyRotation(current, decodeTrustRoot(bytes)), held);
}

/**
 * Checks one step, as TUF does for its root (TUF specification §5.3).
 * @throws TransparencyError `version-not-next`, `other-log`, `below-threshold`, `revocation-undone`.
 */
export function verifyRotation(current: TrustRoot, { trustRoot: next, signatures }: SignedTrustRoot): TrustRoot {
  if (next.version !== current.version + 1) throw new TransparencyError('version-not-next', 'versions go up by one');
  if (next.namespace !== current.namespace || next.origin !== current.origin)
    throw new TransparencyError('other-log', 'a root for another namespace or log');
  // The old keys say who comes next, and the new ones show that they are held: either alone is not enough.
  for (const { threshold, keys } of [current.rootKeys, next.rootKeys])
    verifyThreshold(next, signatures, keys, threshold);
  verifyRevocationsKept(current, next);
  return next;
}

function verifyThreshold(
  root: TrustRoot,
  signatures: SignedTrustRoot['signatures'],
  keys: readonly Uint8Array[],
  threshold: number,
): void {
  const message = trustRootMessage(root);
  const signed = keys.filter((key) =>
    signatures.some((line) => equalBytes(line.key, key) && isEd25519Signature(key, message, line.signature)),
  );
  if (signed.length < threshold) throw new TransparencyError('below-threshold', 'too few root keys signed');
}

/**
 * A key revoked once is never believed for more again; it may be dropped altogether. Whoever is listed in any role counts:
 * evidence is signed by keys that sign no leaf, and those are stolen as well.
 */
function verifyRevocationsKept(current: TrustRoot, next: TrustRoot): void {
  const sizes = new Map(next.revocations.map(({ key, revokedAtSize }) => [hex(key), revokedAtSize]));
  const listed = new Set(listedKeys(next).map(hex));
  for (const { key, revokedAtSize } of current.revocations) {
    const size = sizes.get(hex(key)) ?? (listed.has(hex(key)) ? Number.POSITIVE_INFINITY : 0);
    if (size > revokedAtSize) throw new TransparencyError('revocation-undone', 'a revoked key is believed again');
  }
}
