import { SimulatedQuoteVerifier } from '@coffer/attestation';
import { evidenceRoles, verifyEvidence } from '@coffer/evidence';
import type { EvidenceVerifier } from '@coffer/monitor';

/**
 * Judges evidence by the roles of the trust root. Quotes of hardware fail here: whose roots to believe for them is not
 * built in yet.
 */
export const evidenceVerifier: EvidenceVerifier = {
  verify({ read, indexDigest, descriptor, trustRoot, size }) {
    const { items } = verifyEvidence(read, indexDigest, {
      ...evidenceRoles(trustRoot, size),
      quoteVerifiers: [new SimulatedQuoteVerifier()],
      configHash: descriptor.configHash,
    });
    return items.map(({ kind, name, verdict, code, why }) => ({
      name: `${kind}/${name}`,
      verdict,
      why,
      ...(code === undefined ? {} : { code }),
    }));
  },
};
