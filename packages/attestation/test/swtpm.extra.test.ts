import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AttestationError,
  type AttestationErrorCode,
  makeTpm2Quote,
  type QuoteSubject,
  subjectDigest,
  type Tpm2Evidence,
  type Tpm2Policy,
  Tpm2QuoteVerifier,
} from '@coffer/attestation';
import { utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { attestationExtensions, missingTpmPrograms, SoftwareTpm } from './software-tpm.js';
import { readVector } from './vector.js';

/** Quotes made while the test runs, by Debian's swtpm and tpm2-tools, with certificates by OpenSSL. */

const missing = missingTpmPrograms();
const options = missing === undefined ? {} : { skip: `needs ${missing}` };

const bytes = (name: string): Uint8Array => sha256(utf8(name));
const subject: QuoteSubject = {
  keys: [bytes('identity')],
  image: bytes('image'),
  config: bytes('c'),
  nonce: bytes('n'),
};
const imagePcr = 11;
const quotedPcrs = [0, imagePcr];
const atMs = Date.now() + 60_000;
const code = (wanted: AttestationErrorCode) => (error: unknown) =>
  error instanceof AttestationError && error.code === wanted;

let tpm: SoftwareTpm;
let policy: Tpm2Policy;
let good: Tpm2Evidence;
before(async () => {
  if (missing !== undefined) return;
  tpm = await SoftwareTpm.start();
  tpm.extend(imagePcr, subject.image);
  policy = {
    roots: [{ certificate: tpm.root, name: 'SIMULATED HARDWARE', isHardware: false }],
    imagePcr,
    pcrs: [{ index: 0, value: tpm.pcr(0) }],
  };
  good = evidence(tpm.quote(quotedPcrs, subjectDigest(subject)));
});
after(() => tpm?.stop());

function evidence(signed: { attest: Uint8Array; signature: Uint8Array }, chain = [tpm.certificate()]): Tpm2Evidence {
  const pcrs = quotedPcrs.map((index) => ({ index, value: tpm.pcr(index) }));
  return { ...signed, attestationKey: tpm.public(), pcrs, chain };
}

const verify = (each: Tpm2Evidence, at = atMs, under = policy) =>
  new Tpm2QuoteVerifier(under).verifyQuote(makeTpm2Quote(each).evidence, subject, at);

test('a fresh quote of a TPM holds', options, () => {
  assert.deepEqual(verify(good), { type: 'tpm2', subject, root: 'SIMULATED HARDWARE', isHardware: false });
});

test('a quote for another nonce, and one of other PCRs', options, () => {
  const other = tpm.quote(quotedPcrs, subjectDigest({ ...subject, nonce: bytes('another') }));
  assert.throws(() => verify(evidence(other)), code('wrong-subject'));
  assert.throws(() => verify(evidence(tpm.quote([0], subjectDigest(subject)))), code('wrong-pcr-digest'));
  // The value is right, and is that of a register that any program may reset.
  tpm.extend(16, subject.image);
  const debug = { ...good, ...tpm.quote([0, 16], subjectDigest(subject)) };
  assert.throws(() => verify(debug), code('wrong-pcr-digest'));
  const swapped = { ...good, pcrs: good.pcrs.map(({ index }) => ({ index, value: bytes('a wish') })) };
  assert.throws(() => verify(swapped), code('wrong-pcr-digest'));
  // One PCR is quoted, and is all that is shown: then what the policy asks for is not there.
  const one = { ...evidence(tpm.quote([0], subjectDigest(subject))), pcrs: good.pcrs.slice(0, 1) };
  assert.throws(() => verify(one), code('wrong-pcr'));
});

test('what the same key signs that is no quote', options, () => {
  assert.throws(() => verify(evidence(tpm.time(subjectDigest(subject)))), code('not-a-quote'));
});

test('a made-up structure that the attestation key has signed as foreign data', options, () => {
  // All that a quote says, under a magic number that is not the TPM's.
  const forged = good.attest.slice();
  forged[0] = 0xfe;
  assert.throws(() => verify({ ...good, attest: forged, signature: tpm.sign(forged) }), code('not-a-quote'));
  // With its own magic number the TPM itself does not sign it.
  assert.throws(() => tpm.sign(good.attest), /Command failed/);
});

test('a quote by a key that would sign anything, with a certificate that calls it an attestation key', options, () => {
  const key = tpm.makeLooseKey();
  const signed = tpm.quote(quotedPcrs, subjectDigest(subject), key);
  const chain = [tpm.certificate({ key: 'loose' })];
  assert.throws(() => verify({ ...good, ...signed, attestationKey: tpm.public('loose'), chain }), code('wrong-key'));
  // With the other key's public area in its place the signature does not fit; with its certificate the key does not.
  assert.throws(() => verify({ ...good, ...signed }), code('bad-signature'));
  assert.throws(() => verify({ ...good, chain }), code('wrong-key'));
});

test('certificates that are not for attestation keys, or say what is not understood', options, () => {
  const [constraints = '', usage = '', extended = ''] = attestationExtensions;
  const cases: readonly (readonly [AttestationErrorCode, readonly string[]])[] = [
    ['wrong-key', [constraints, usage]],
    ['wrong-key', [constraints, usage, 'extendedKeyUsage=clientAuth']],
    ['wrong-key', [constraints, extended]],
    ['wrong-key', [constraints, 'keyUsage=critical,keyAgreement', extended]],
    ['wrong-key', ['basicConstraints=critical,CA:true', usage, extended]],
    ['bad-certificate', [...attestationExtensions, '1.2.3.4=critical,ASN1:NULL']],
    ['bad-certificate', [...attestationExtensions, 'nameConstraints=critical,permitted;DNS:example.org']],
  ];
  for (const [wanted, extensions] of cases) {
    assert.throws(() => verify({ ...good, chain: [tpm.certificate({ extensions })] }), code(wanted), extensions.join());
  }
  verify({ ...good, chain: [tpm.certificate({ extensions: [...attestationExtensions, '1.2.3.4=ASN1:NULL'] })] });
  const short = { ...good, chain: [tpm.certificate({ days: 1 })] };
  verify(short);
  assert.throws(() => verify(short, atMs + 2 * 86_400_000), code('not-valid-then'));
});

test('a chain over CAs: each has to be one, may only go as deep as it says, and ends at its root', options, () => {
  const authority = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign'];
  const shallow = ['basicConstraints=critical,CA:true,pathlen:0', 'keyUsage=critical,keyCertSign'];
  const upper = tpm.makeIntermediate('upper', authority);
  const lower = tpm.makeIntermediate('lower', authority, 'upper');
  const below = tpm.certificate({ issuer: 'lower' });
  verify({ ...good, chain: [below, lower, upper] });
  for (const chain of [[], [below], [below, lower], [below, upper, lower], [below, lower, upper, tpm.root]]) {
    assert.throws(() => verify({ ...good, chain }), code('untrusted'));
  }
  const roots = [{ certificate: tpm.renamedRoot(), name: 'renamed', isHardware: false }];
  assert.throws(() => verify(good, atMs, { ...policy, roots }), code('untrusted'));
  const flat = tpm.makeIntermediate('flat', shallow);
  verify({ ...good, chain: [tpm.certificate({ issuer: 'flat' }), flat] });
  const deep = tpm.makeIntermediate('deep', authority, 'flat');
  assert.throws(() => verify({ ...good, chain: [tpm.certificate({ issuer: 'deep' }), deep, flat] }), code('untrusted'));
  for (const extensions of [
    ['basicConstraints=critical,CA:false', 'keyUsage=critical,keyCertSign'],
    ['basicConstraints=critical,CA:true', 'keyUsage=critical,digitalSignature'],
    ['subjectKeyIdentifier=hash'],
  ]) {
    const none = tpm.makeIntermediate('none', extensions);
    const chain = [tpm.certificate({ issuer: 'none' }), none];
    assert.throws(() => verify({ ...good, chain }), code('untrusted'), extensions.join());
  }
});

test('no flipped bit of the recorded quote survives', () => {
  const recorded = readVector();
  const verifier = new Tpm2QuoteVerifier(recorded.policy);
  const whole = recorded.quote.evidence;
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const changed = whole.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => verifier.verifyQuote(changed, recorded.subject, recorded.atMs), AttestationError, `bit ${bit}`);
  }
});

test('another program in place of the image: the PCR tells, whatever it says about itself', options, async () => {
  const other = await SoftwareTpm.start();
  try {
    other.extend(imagePcr, bytes('another image'));
    const pcrs = quotedPcrs.map((index) => ({ index, value: other.pcr(index) }));
    const signed = other.quote(quotedPcrs, subjectDigest(subject));
    const chain = [other.certificate()];
    const roots = [{ certificate: other.root, name: 'SIMULATED HARDWARE', isHardware: false }];
    const lie = { ...signed, attestationKey: other.public(), pcrs, chain };
    assert.throws(() => verify(lie, atMs, { ...policy, roots }), code('wrong-pcr'));
    const truth = { ...policy, roots, imagePcr: 12, pcrs };
    assert.throws(() => verify(lie, atMs, truth), code('wrong-pcr'));
  } finally {
    await other.stop();
  }
});
