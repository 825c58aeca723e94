import type { QuoteVerifier } from '@coffer/attestation';
import { hex } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import type { TrustRoot } from '@coffer/transparency';

/** Whose signatures count for what. All keys are 32-byte Ed25519 public keys. */
export interface EvidenceRoles {
  readonly operators: readonly Uint8Array[];
  readonly ceremony: TrustRoot['ceremony'];
  readonly rebuilders: TrustRoot['rebuilders'];
}

export interface EvidenceOptions extends EvidenceRoles {
  /** By type; a quote without a verifier fails. */
  readonly quoteVerifiers: readonly QuoteVerifier[];
  /** The fleet that the evidence has to be about, where it is known. */
  readonly configHash?: ConfigHash | undefined;
}

/**
 * Roles of a trust root.
 * @param size - of the log with the leaf that first named the evidence: keys that were revoked at a smaller size do not
 *   count. Without it no revoked key counts.
 */
export function evidenceRoles(
  { operators, ceremony, rebuilders, revocations }: TrustRoot,
  size?: number,
): EvidenceRoles {
  const revokedAt = new Map(revocations.map(({ key, revokedAtSize }) => [hex(key), revokedAtSize]));
  const inForce = (keys: readonly Uint8Array[]): Uint8Array[] =>
    keys.filter((key) => {
      const at = revokedAt.get(hex(key));
      return at === undefined || (size !== undefined && size <= at);
    });
  return {
    operators: inForce(operators),
    ceremony: { ...ceremony, witnesses: inForce(ceremony.witnesses) },
    rebuilders: { ...rebuilders, keys: inForce(rebuilders.keys) },
  };
}
