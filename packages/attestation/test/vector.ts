import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeQuote, type Quote, type QuoteSubject, type Tpm2Policy } from '@coffer/attestation';
import { fromHex } from '@coffer/base';

/** vectors/attestation/tpm2.json; all bytes in hex. */
export interface Tpm2Vector {
  readonly made: string;
  readonly quotedAtMs: number;
  readonly subject: {
    readonly keys: readonly string[];
    readonly image: string;
    readonly config: string;
    readonly nonce: string;
  };
  readonly policy: {
    readonly root: string;
    readonly imagePcr: number;
    readonly pcrs: readonly { readonly index: number; readonly value: string }[];
  };
  readonly quote: string;
  /** Quotes that hold no less, of another TPM and another CA, for the same subject. */
  readonly other: { readonly root: string; readonly quote: string };
}

export const vectorPath = fileURLToPath(new URL('../../../vectors/attestation/tpm2.json', import.meta.url));

export interface Case {
  readonly quote: Quote;
  readonly subject: QuoteSubject;
  readonly policy: Tpm2Policy;
  readonly atMs: number;
  readonly other: { readonly root: Uint8Array; readonly quote: Quote };
}

export function readVector(): Case {
  const vector = JSON.parse(readFileSync(vectorPath, 'utf8')) as Tpm2Vector;
  const { subject, policy, quotedAtMs, quote, other } = vector;
  return {
    quote: decodeQuote(fromHex(quote)),
    subject: {
      keys: subject.keys.map(fromHex),
      image: fromHex(subject.image),
      config: fromHex(subject.config),
      nonce: fromHex(subject.nonce),
    },
    policy: {
      roots: [{ certificate: fromHex(policy.root), name: 'SIMULATED HARDWARE', isHardware: false }],
      imagePcr: policy.imagePcr,
      pcrs: policy.pcrs.map(({ index, value }) => ({ index, value: fromHex(value) })),
    },
    atMs: quotedAtMs,
    other: { root: fromHex(other.root), quote: decodeQuote(fromHex(other.quote)) },
  };
}
