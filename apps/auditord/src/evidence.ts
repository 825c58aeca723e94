import { type QuoteVerifier, SimulatedQuoteVerifier } from '@coffer/attestation';
import type { EvidenceCheck } from '@coffer/auditor';
import { evidenceRoles, verifyEvidence } from '@coffer/evidence';

/**
 * Judges evidence by @coffer/evidence.
 * @param takesSimulated - whether quotes of software HSMs count. They show nothing about any hardware.
 */
export function evidenceCheck(takesSimulated: boolean): EvidenceCheck {
  const quoteVerifiers: readonly QuoteVerifier[] = takesSimulated ? [new SimulatedQuoteVerifier()] : [];
  return {
    check({ read, indexDigest, descriptor, trustRoot, size }) {
      const options = { ...evidenceRoles(trustRoot, size), quoteVerifiers, configHash: descriptor.configHash };
      const { items } = verifyEvidence(read, indexDigest, options);
      return items
        .filter(({ verdict }) => verdict === 'failed')
        .map(({ kind, code }) => ({ name: kind, code: code ?? 'failed' }));
    },
  };
}
