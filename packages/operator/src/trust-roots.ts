import { equalBytes, hex } from '@coffer/base';
import { ed25519PublicKey } from '@coffer/crypto';
import {
  decodeTrustRoot,
  encodeTrustRoot,
  isRootSignature,
  type Revocation,
  type SignedTrustRoot,
  signTrustRoot,
  TransparencyError,
  type TrustRoot,
} from '@coffer/transparency';
import { OperatorError } from './errors.js';

/** All of a trust root but what follows from the one before. */
export type TrustRootPlan = Omit<TrustRoot, 'version' | 'revocations'>;

/** The first trust root, unsigned. @throws OperatorError `bad-plan`. */
export const createTrustRoot = (plan: TrustRootPlan): SignedTrustRoot =>
  checked({ ...plan, version: 1, revocations: [] });

/**
 * The next trust root, unsigned. A key that was revoked before stays so.
 * @param plan - what it lists from now on; by default what the current one lists. A revoked key may stay listed, and has to
 *   where leaves before its revocation are still to be verified.
 * @param revoke - keys that count for nothing at and after these sizes of the log.
 * @throws OperatorError `bad-plan`, also for a revocation that would reach further than the one before.
 */
export function rotateTrustRoot(
  current: TrustRoot,
  { plan = current, revoke = [] }: { readonly plan?: TrustRootPlan; readonly revoke?: readonly Revocation[] },
): SignedTrustRoot {
  if (plan.namespace !== current.namespace || plan.origin !== current.origin)
    throw new OperatorError('bad-plan', 'a trust root stays with its namespace and its log');
  const revocations = new Map(current.revocations.map((each) => [hex(each.key), each]));
  for (const each of revoke) {
    const there = revocations.get(hex(each.key));
    if (there !== undefined && there.revokedAtSize < each.revokedAtSize)
      throw new OperatorError('bad-plan', 'a revocation only goes back, never forward');
    revocations.set(hex(each.key), each);
  }
  return checked({ ...plan, version: current.version + 1, revocations: [...revocations.values()] });
}

/**
 * Adds one root key's signature, in place of one that it made before.
 * @param previous - the root before, whose keys have to sign too; undefined for the first.
 * @param seed - 32 bytes; stays the caller's.
 * @throws OperatorError `not-a-root-key` for a seed that is of neither.
 */
export function signRoot(
  { trustRoot, signatures }: SignedTrustRoot,
  previous: TrustRoot | undefined,
  seed: Uint8Array,
): SignedTrustRoot {
  const key = ed25519PublicKey(seed);
  const keys = [...trustRoot.rootKeys.keys, ...(previous?.rootKeys.keys ?? [])];
  if (!keys.some((each) => equalBytes(each, key)))
    throw new OperatorError('not-a-root-key', `${hex(key)} is no root key of this trust root or the one before`);
  const others = signatures.filter((each) => !equalBytes(each.key, key));
  return { trustRoot, signatures: [...others, signTrustRoot(trustRoot, seed, key)] };
}

/** How many of the root keys have signed validly, and how many have to. */
export function signaturesOf(
  { trustRoot, signatures }: SignedTrustRoot,
  { keys, threshold }: TrustRoot['rootKeys'],
): { readonly signed: number; readonly threshold: number } {
  const signed = keys.filter((key) =>
    signatures.some((each) => equalBytes(each.key, key) && isRootSignature(trustRoot, each)),
  );
  return { signed: signed.length, threshold };
}

/** Sorted and spelt as it will be read. */
function checked(trustRoot: TrustRoot): SignedTrustRoot {
  try {
    return decodeTrustRoot(encodeTrustRoot({ trustRoot, signatures: [] }));
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new OperatorError('bad-plan', `a trust root that breaks its rules: ${cause.message}`, { cause });
  }
}
