import { bytes, decode, encode, struct, text, WireError } from '@coffer/wire';
import { AttestationError } from './errors.js';
import type { QuoteSubject } from './subject.js';

/** Largest evidence of a quote: a TPM's with a chain of certificates. */
export const evidenceBytesMax = 16_384;

/** A quote as evidence carries it. */
export interface Quote {
  /** Which verifier understands the evidence, such as `tpm2`. */
  readonly type: string;
  readonly evidence: Uint8Array;
}

const quoteLayout = struct<Quote>({ type: text(32), evidence: bytes(evidenceBytesMax) });

export const encodeQuote = (quote: Quote): Uint8Array => encode(quoteLayout, quote);

/** @throws AttestationError `malformed`. */
export const decodeQuote = (encoded: Uint8Array): Quote => malformedUnless(() => decode(quoteLayout, encoded));

/** A quote that holds, and what that is worth. */
export interface VerifiedQuote {
  readonly type: string;
  readonly subject: QuoteSubject;
  /** Whose word it is, for people. `SIMULATED HARDWARE` wherever no hardware stands behind it. */
  readonly root: string;
  /** False: tools say `SIMULATED HARDWARE` and never "proven". */
  readonly isHardware: boolean;
}

/** Verifies quotes of one type. */
export interface QuoteVerifier {
  readonly type: string;
  /**
   * @param evidence - of {@link Quote}. @param atMs - when the quote was made, in milliseconds since 1970: certificates must
   *   have been valid then. It comes from the ceremony's record, and is only as good as that.
   * @throws AttestationError.
   */
  verifyQuote(evidence: Uint8Array, subject: QuoteSubject, atMs: number): VerifiedQuote;
}

/** Verifies `quote` with the verifier of its type. @throws AttestationError. */
export function verifyQuote(
  verifiers: readonly QuoteVerifier[],
  quote: Quote,
  subject: QuoteSubject,
  atMs: number,
): VerifiedQuote {
  const verifier = verifiers.find(({ type }) => type === quote.type);
  if (verifier === undefined) throw new AttestationError('unknown-type', 'no verifier for quotes of this type');
  return verifier.verifyQuote(quote.evidence, subject, atMs);
}

/** Runs a decoder of @coffer/wire. @throws AttestationError `malformed` where it refuses. */
export function malformedUnless<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new AttestationError('malformed', 'the quote does not decode', { cause });
  }
}
