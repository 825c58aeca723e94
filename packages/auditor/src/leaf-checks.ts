import { equalBytes } from '@coffer/base';
import {
  countersignedBy,
  type Leaf,
  TransparencyError,
  type TrustRoot,
  verifyCountersignatures,
  verifyKeyInForce,
  verifyPlexiSignature,
} from '@coffer/transparency';
import { verifyOperatorInForce } from './artifact-checks.js';
import { AuditorError } from './errors.js';
import { notAfterAheadMsMax } from './limits.js';

/**
 * Everything that a client will check about the signatures of a leaf, before it is logged for good: a leaf that no client
 * takes would stop the fleet keys of everybody.
 * @throws AuditorError `trust-root-version`, `bad-operator-signature`, `key-revoked`, `not-after`, `no-signing-key`.
 */
export function verifyLeaf(leaf: Leaf, root: TrustRoot, nowMs: number): void {
  if (leaf.trustRootVersion !== root.version) throw new AuditorError('trust-root-version', 'another root is in force');
  verifyLeafSignatures(leaf, root);
  verifyOperatorInForce(root, leaf.operator.key, leaf.epoch);
  if (!isInForce(root, leaf.auditor.key, leaf.epoch))
    throw new AuditorError('no-signing-key', 'the key that signed this epoch is no longer in force');
  if (leaf.notAfterMs <= nowMs || leaf.notAfterMs > nowMs + notAfterAheadMsMax)
    throw new AuditorError('not-after', 'notAfter has passed or is too far away');
}

/** @throws AuditorError `bad-operator-signature`; `no-signing-key` for an auditor's key that the root does not list. */
export function verifyLeafSignatures(leaf: Leaf, { auditors, operators }: TrustRoot): void {
  const { auditor, operator } = leaf;
  if (!auditors.some((key) => equalBytes(key, auditor.key)))
    throw new AuditorError('no-signing-key', 'the key that signed this epoch is no longer in force');
  verifyPlexiSignature(auditor.message, auditor.key, auditor.signature);
  if (!operators.some((key) => equalBytes(key, operator.key)))
    throw new AuditorError('bad-operator-signature', 'not an operator of the trust root');
  try {
    verifyCountersignatures(countersignedBy(leaf), operator.key, operator.signatures);
  } catch (cause) {
    throw new AuditorError('bad-operator-signature', 'a counter-signature that does not verify', { cause });
  }
}

/** Whether a key may sign what completes a tree of `size` leaves. */
export function isInForce(root: TrustRoot, key: Uint8Array, size: number): boolean {
  try {
    verifyKeyInForce(root, key, size);
    return true;
  } catch (error) {
    if (error instanceof TransparencyError) return false;
    throw error;
  }
}
