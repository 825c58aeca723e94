/**
 * Makes vectors/attestation/tpm2.json anew, with swtpm, tpm2-tools and openssl. Its bytes differ each time: keys are new.
 *
 *   npx tsc -b && npx tsc -p tsconfig.tests.json && node packages/attestation/test/write-vector.js
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodeQuote, makeTpm2Quote, type QuoteSubject, subjectDigest } from '@coffer/attestation';
import { hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import { SoftwareTpm } from './software-tpm.js';
import { type Tpm2Vector, vectorPath } from './vector.js';

const subject: QuoteSubject = {
  keys: [ed25519PublicKey(sha256(utf8('seed of an HSM'))), sha256(utf8('in the place of a transport key'))],
  image: sha256(utf8('an image')),
  config: sha256(utf8('a configuration')),
  nonce: sha256(utf8('a nonce')),
};
const imagePcr = 11;
const quotedPcrs = [0, 7, imagePcr];

/** A quote of a fresh TPM that was booted with the subject's image. */
async function freshQuote(): Promise<{ root: string; quote: string; pcrs: { index: number; value: string }[] }> {
  const tpm = await SoftwareTpm.start();
  try {
    tpm.extend(0, sha256(utf8('firmware')));
    tpm.extend(7, sha256(utf8('loader')));
    tpm.extend(imagePcr, subject.image);
    const pcrs = quotedPcrs.map((index) => ({ index, value: tpm.pcr(index) }));
    const { attest, signature } = tpm.quote(quotedPcrs, subjectDigest(subject));
    const chain = [tpm.certificate()];
    const quote = makeTpm2Quote({ attest, signature, attestationKey: tpm.public(), pcrs, chain });
    const others = pcrs.filter(({ index }) => index !== imagePcr);
    return {
      root: hex(tpm.root),
      quote: hex(encodeQuote(quote)),
      pcrs: others.map(({ index, value }) => ({ index, value: hex(value) })),
    };
  } finally {
    await tpm.stop();
  }
}

const versions = ['swtpm', 'tpm2-tools', 'openssl']
  .map((name) => execFileSync('dpkg-query', ['-W', name], { encoding: 'utf8' }).trim().replace('\t', ' '))
  .join(', ');
const [one, two] = [await freshQuote(), await freshQuote()];
const vector: Tpm2Vector = {
  made: `by packages/attestation/test/write-vector.ts with Debian's ${versions}. SIMULATED HARDWARE: swtpm is a program`,
  quotedAtMs: Date.now() + 1000,
  subject: {
    keys: subject.keys.map(hex),
    image: hex(subject.image),
    config: hex(subject.config),
    nonce: hex(subject.nonce),
  },
  policy: { root: one.root, imagePcr, pcrs: one.pcrs },
  quote: one.quote,
  other: { root: two.root, quote: two.quote },
};
mkdirSync(dirname(vectorPath), { recursive: true });
writeFileSync(vectorPath, `${JSON.stringify(vector, undefined, 2)}\n`);
