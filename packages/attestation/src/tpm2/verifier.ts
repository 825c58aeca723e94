import { AttestationError } from '../errors.js';
import type { QuoteVerifier, VerifiedQuote } from '../quote.js';
import { type QuoteSubject, verifySubject } from '../subject.js';
import { isP256Signature, readCertificate } from './certificate.js';
import { type Tpm2Root, verifyChain } from './chain.js';
import { decodeTpm2Evidence, type Pcr, tpm2Type } from './evidence.js';
import { extendPcr, verifyExpectedPcrs, verifyPcrValues } from './pcrs.js';
import { readAttestationKey, readTpmQuote, readTpmSignature } from './structures.js';

/** What a `tpm2` quote has to show beside its subject. */
export interface Tpm2Policy {
  readonly roots: readonly Tpm2Root[];
  /** The PCR that whoever loads the image extends once with the image's digest, from zeros, before the image runs. */
  readonly imagePcr: number;
  /** Other PCRs and what they must hold: the firmware and the loader, or the one above means nothing. */
  readonly pcrs: readonly Pcr[];
}

/**
 * Verifies a TPM 2.0 quote: made by a restricted key that a pinned root vouches for; over the digest of exactly this
 * subject; while the PCRs held what the policy says, the image's among them.
 *
 * The image is bound twice, and that is not the same twice: the program under the TPM says in the subject what it is, and
 * the PCR says what was loaded. A program that lies about itself fails at the PCR.
 */
export class Tpm2QuoteVerifier implements QuoteVerifier {
  readonly type = tpm2Type;
  readonly #policy: Tpm2Policy;

  /** @throws AttestationError `bad-certificate` when a root is none that a chain could lead to. */
  constructor(policy: Tpm2Policy) {
    for (const { certificate } of policy.roots) readCertificate(certificate);
    this.#policy = policy;
  }

  verifyQuote(evidence: Uint8Array, subject: QuoteSubject, atMs: number): VerifiedQuote {
    const { attest, signature, attestationKey, pcrs, chain } = decodeTpm2Evidence(evidence);
    const { roots, imagePcr, pcrs: expected } = this.#policy;
    const quote = readTpmQuote(attest);
    const publicKey = readAttestationKey(attestationKey);
    // Cheap comparisons first; nothing is concluded from them before the signature and its key have been verified.
    verifySubject(quote.extraData, subject);
    const values = verifyPcrValues(pcrs, quote);
    verifyExpectedPcrs(values, [...expected, { index: imagePcr, value: extendPcr(subject.image) }]);
    if (!isP256Signature(publicKey, attest, readTpmSignature(signature), 'compact')) {
      throw new AttestationError('bad-signature', 'the quote is not signed by its attestation key');
    }
    const root = verifyChain(chain, publicKey, roots, atMs);
    return { type: this.type, subject, root: root.name, isHardware: root.isHardware };
  }
}
