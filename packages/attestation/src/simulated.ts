import { concat, utf8 } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, isEd25519Signature, sha256 } from '@coffer/crypto';
import { decode, encode, fixed, struct } from '@coffer/wire';
import { AttestationError } from './errors.js';
import { malformedUnless, type Quote, type QuoteVerifier, type VerifiedQuote } from './quote.js';
import { type QuoteSubject, subjectDigest, verifySubject } from './subject.js';

/** What simulated quotes are called everywhere. */
export const simulatedLabel = 'SIMULATED HARDWARE';

/**
 * Seed of the root of all simulated quotes. Published on purpose: a software fleet has nothing that could vouch for it, and
 * whoever reads this can make such a quote. It shows that the machinery works, and nothing about any HSM.
 */
const rootSeed = sha256(utf8('coffer/simulated-quote-root/v1: anyone can sign with this'));
const label = utf8('coffer/simulated-quote/v1');

interface SimulatedEvidence {
  readonly bound: Uint8Array;
  readonly signature: Uint8Array;
}
const layout = struct<SimulatedEvidence>({ bound: fixed(32), signature: fixed(64) });

/** The quote that a software HSM has to offer. */
export function makeSimulatedQuote(subject: QuoteSubject): Quote {
  const bound = subjectDigest(subject);
  const signature = ed25519Sign(rootSeed, concat(label, bound));
  return { type: 'simulated', evidence: encode(layout, { bound, signature }) };
}

/** Evidence: `digest of the subject[32] ‖ Ed25519 signature[64]` over `"coffer/simulated-quote/v1" ‖ digest`. */
export class SimulatedQuoteVerifier implements QuoteVerifier {
  readonly type = 'simulated';

  verifyQuote(evidence: Uint8Array, subject: QuoteSubject): VerifiedQuote {
    const { bound, signature } = malformedUnless(() => decode(layout, evidence));
    if (!isEd25519Signature(ed25519PublicKey(rootSeed), concat(label, bound), signature)) {
      throw new AttestationError('bad-signature', 'the simulated quote is not signed by its root');
    }
    return { type: this.type, subject: verifySubject(bound, subject), root: simulatedLabel, isHardware: false };
  }
}
