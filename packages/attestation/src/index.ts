export { AttestationError, type AttestationErrorCode } from './errors.js';
export {
  decodeQuote,
  encodeQuote,
  evidenceBytesMax,
  type Quote,
  type QuoteVerifier,
  type VerifiedQuote,
  verifyQuote,
} from './quote.js';
export { makeSimulatedQuote, SimulatedQuoteVerifier, simulatedLabel } from './simulated.js';
export { type QuoteSubject, subjectDigest, subjectKeysMax } from './subject.js';
export type { Tpm2Root } from './tpm2/chain.js';
export { chainMax, makeTpm2Quote, type Pcr, pcrCount, type Tpm2Evidence } from './tpm2/evidence.js';
export { extendPcr } from './tpm2/pcrs.js';
export { type Tpm2Policy, Tpm2QuoteVerifier } from './tpm2/verifier.js';
