import { evidenceRoles, verifyEvidence } from '@coffer/evidence';
import type { EvidenceVerifier } from '@coffer/monitor';
import { quoteVerifiers } from '../evidence/quote-verifiers.js';

/**
 * Judges evidence by the roles of the trust root, and by the quotes that are believed here.
 * @param tpm2 - JSON file that says which TPMs. @throws CliError `usage`.
 */
export function evidenceVerifier(tpm2: string | undefined): EvidenceVerifier {
  const believed = quoteVerifiers(tpm2);
  return {
    verify({ read, indexDigest, descriptor, trustRoot, size }) {
      const { items } = verifyEvidence(read, indexDigest, {
        ...evidenceRoles(trustRoot, size),
        quoteVerifiers: believed,
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
}
