import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttestationError,
  type AttestationErrorCode,
  decodeQuote,
  encodeQuote,
  evidenceBytesMax,
  extendPcr,
  makeSimulatedQuote,
  makeTpm2Quote,
  type QuoteSubject,
  SimulatedQuoteVerifier,
  simulatedLabel,
  subjectDigest,
  subjectKeysMax,
  type Tpm2Evidence,
  Tpm2QuoteVerifier,
  verifyQuote,
} from '@coffer/attestation';
import { hex, InvariantError } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { decodeTpm2Evidence } from '../dist/tpm2/evidence.js';
import { readVector } from './vector.js';

const vector = readVector();
const { quote, subject, policy, atMs } = vector;
const verifier = new Tpm2QuoteVerifier(policy);

const code = (wanted: AttestationErrorCode) => (error: unknown) =>
  error instanceof AttestationError && error.code === wanted;

/** Changes one part of a subject. */
const changedSubjects: readonly (readonly [string, QuoteSubject])[] = [
  ['another key', { ...subject, keys: [sha256(subject.image), ...subject.keys.slice(1)] }],
  ['a key less', { ...subject, keys: subject.keys.slice(1) }],
  ['a key more', { ...subject, keys: [...subject.keys, subject.image] }],
  ['keys in another order', { ...subject, keys: subject.keys.toReversed() }],
  ['keys split elsewhere', { ...subject, keys: [Uint8Array.of(...subject.keys.flatMap((key) => [...key]))] }],
  ['another image', { ...subject, image: subject.config }],
  ['another configuration', { ...subject, config: subject.image }],
  ['another nonce', { ...subject, nonce: new Uint8Array(32) }],
];

test('a recorded TPM quote holds, and says whose root it rests on', () => {
  const verified = verifyQuote([new SimulatedQuoteVerifier(), verifier], quote, subject, atMs);
  assert.deepEqual(verified, { type: 'tpm2', subject, root: 'SIMULATED HARDWARE', isHardware: false });
});

for (const [name, changed] of changedSubjects) {
  test(`${name}: neither a TPM quote nor a simulated one binds it`, () => {
    assert.throws(() => verifier.verifyQuote(quote.evidence, changed, atMs), code('wrong-subject'));
    const simulated = makeSimulatedQuote(subject).evidence;
    assert.throws(() => new SimulatedQuoteVerifier().verifyQuote(simulated, changed), code('wrong-subject'));
  });
}

test('a PCR that holds something else than it should, or that is not quoted', () => {
  const [first] = policy.pcrs;
  assert.ok(first !== undefined);
  const wrong = [
    { ...policy, pcrs: [{ index: first.index, value: extendPcr(first.value) }] },
    { ...policy, pcrs: [{ index: 1, value: new Uint8Array(32) }] },
    { ...policy, imagePcr: first.index },
    { ...policy, imagePcr: 12 },
  ];
  for (const each of wrong) {
    assert.throws(() => new Tpm2QuoteVerifier(each).verifyQuote(quote.evidence, subject, atMs), code('wrong-pcr'));
  }
});

/** The recorded quote with parts of its evidence changed. */
function changedQuote(change: (evidence: Tpm2Evidence) => Partial<Tpm2Evidence>): Uint8Array {
  const evidence = decodeTpm2Evidence(quote.evidence);
  return makeTpm2Quote({ ...evidence, ...change(evidence) }).evidence;
}

test('PCR values that were not quoted, and quoted ones under other numbers', () => {
  const loose = new Tpm2QuoteVerifier({ ...policy, pcrs: [] });
  loose.verifyQuote(quote.evidence, subject, atMs);
  const wished = changedQuote(({ pcrs: [first, ...rest] }) => ({
    pcrs: [{ index: first!.index, value: extendPcr(first!.value) }, ...rest],
  }));
  assert.throws(() => loose.verifyQuote(wished, subject, atMs), code('wrong-pcr-digest'));
  const renumbered = changedQuote(({ pcrs }) => ({
    pcrs: pcrs.map(({ index, value }) => ({ index: index + 1, value })),
  }));
  const moved = new Tpm2QuoteVerifier({ ...policy, imagePcr: policy.imagePcr + 1, pcrs: [] });
  assert.throws(() => moved.verifyQuote(renumbered, subject, atMs), code('wrong-pcr-digest'));
});

test('an attestation key with a policy is another key than its certificate is for', () => {
  const policed = changedQuote(({ attestationKey }) => {
    const digest = new Uint8Array(32).fill(7);
    // TPM2B size ‖ type ‖ nameAlg ‖ attributes ‖ authPolicy size, which is 0.
    const before = attestationKey.slice(0, 12);
    before[1] = (before[1] as number) + digest.length;
    before[11] = digest.length;
    return { attestationKey: Uint8Array.of(...before, ...digest, ...attestationKey.subarray(12)) };
  });
  assert.throws(() => verifier.verifyQuote(policed, subject, atMs), code('wrong-key'));
});

test('a certificate has one encoding: no bit around what its issuer has signed can be another', () => {
  const [certificate] = decodeTpm2Evidence(quote.evidence).chain;
  assert.ok(certificate !== undefined);
  const wrapping = [...Array(8).keys(), ...Array.from({ length: 30 }, (_, i) => certificate.length - 90 + i)];
  for (const at of wrapping) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = certificate.slice();
      changed[at] = (changed[at] as number) ^ (1 << bit);
      const evidence = changedQuote(() => ({ chain: [changed] }));
      assert.notEqual(
        codeOf(() => verifier.verifyQuote(evidence, subject, atMs)),
        undefined,
        `bit ${bit} of byte ${at}`,
      );
    }
  }
});

test('another TPM’s quote under this root, and this TPM’s under another root', () => {
  assert.throws(() => verifier.verifyQuote(vector.other.quote.evidence, subject, atMs), code('untrusted'));
  const roots = [{ certificate: vector.other.root, name: 'other', isHardware: true }];
  const other = new Tpm2QuoteVerifier({ ...policy, roots });
  assert.throws(() => other.verifyQuote(quote.evidence, subject, atMs), code('untrusted'));
  assert.equal(other.verifyQuote(vector.other.quote.evidence, subject, atMs).isHardware, true);
  const none = new Tpm2QuoteVerifier({ ...policy, roots: [] });
  assert.throws(() => none.verifyQuote(quote.evidence, subject, atMs), code('untrusted'));
});

test('certificates hold at the time of the quote, not before they were made and not for ever', () => {
  for (const time of [atMs - 86_400_000, atMs + 101 * 366 * 86_400_000, Number.NaN]) {
    assert.throws(() => verifier.verifyQuote(quote.evidence, subject, time), code('not-valid-then'));
  }
});

test('no flipped bit of a TPM quote survives: every ninth of all its bits', () => {
  // All of them are for the extra tests: each costs a verification.
  const codes = new Map<string, number>();
  for (let bit = 0; bit < 8 * quote.evidence.length; bit += 9) {
    const changed = quote.evidence.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    const found = codeOf(() => verifier.verifyQuote(changed, subject, atMs));
    assert.ok(found !== undefined, `bit ${bit & 7} of byte ${bit >> 3}`);
    codes.set(found, (codes.get(found) ?? 0) + 1);
  }
  for (const each of [
    'malformed',
    'not-a-quote',
    'wrong-subject',
    'wrong-pcr-digest',
    'bad-signature',
    'wrong-key',
    'untrusted',
  ]) {
    assert.ok(codes.has(each), each);
  }
});

/** Code of the AttestationError that it throws; undefined when it throws nothing. Anything else is a bug. */
function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

test('cut off anywhere, or with a byte more, it is malformed or worse, and never an error of another kind', () => {
  for (let length = 0; length < quote.evidence.length; length += 7) {
    assert.throws(() => verifier.verifyQuote(quote.evidence.subarray(0, length), subject, atMs), code('malformed'));
  }
  const longer = Uint8Array.of(...quote.evidence, 0);
  assert.throws(() => verifier.verifyQuote(longer, subject, atMs), code('malformed'));
});

test('a simulated quote holds, is called what it is, and no flipped bit of it survives', () => {
  const simulated = new SimulatedQuoteVerifier();
  const { type, evidence } = makeSimulatedQuote(subject);
  assert.deepEqual(verifyQuote([simulated], { type, evidence }, subject, 0), {
    type: 'simulated',
    subject,
    root: simulatedLabel,
    isHardware: false,
  });
  assert.equal(simulatedLabel, 'SIMULATED HARDWARE');
  for (let bit = 0; bit < 8 * evidence.length; bit++) {
    const changed = evidence.slice();
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => simulated.verifyQuote(changed, subject), code('bad-signature'));
  }
  assert.throws(() => simulated.verifyQuote(evidence.subarray(1), subject), code('malformed'));
});

test('a type that nobody verifies is refused, and one verifier never takes another’s evidence', () => {
  assert.throws(() => verifyQuote([], quote, subject, atMs), code('unknown-type'));
  assert.throws(() => verifyQuote([verifier], { ...quote, type: 'sgx' }, subject, atMs), code('unknown-type'));
  const crossed = { type: 'tpm2', evidence: makeSimulatedQuote(subject).evidence };
  assert.throws(() => verifyQuote([verifier], crossed, subject, atMs), code('malformed'));
});

test('a quote comes back from its encoding; over its limit it does not', () => {
  assert.deepEqual(decodeQuote(encodeQuote(quote)), quote);
  const edge = { type: 'tpm2', evidence: new Uint8Array(evidenceBytesMax) };
  assert.equal(decodeQuote(encodeQuote(edge)).evidence.length, evidenceBytesMax);
  assert.throws(() => encodeQuote({ ...edge, evidence: new Uint8Array(evidenceBytesMax + 1) }));
  assert.throws(() => decodeQuote(Uint8Array.of(1, 2)), code('malformed'));
});

test('the digest of a subject is fixed, and takes one to eight keys', () => {
  const zeros = new Uint8Array(32);
  const small = { keys: [zeros], image: zeros, config: zeros, nonce: zeros };
  // printf 'coffer/quote/v1' | cat - <(printf '\1\0\40') <(head -c 128 /dev/zero) | sha256sum
  assert.equal(hex(subjectDigest(small)), '1e0e4fd99c9774eae6bb98dfa872226c9ca91f9007750a36567f5af673c58a1b');
  subjectDigest({ ...small, keys: Array.from({ length: subjectKeysMax }, () => zeros) });
  for (const keys of [[], Array.from({ length: subjectKeysMax + 1 }, () => zeros)]) {
    assert.throws(() => subjectDigest({ ...small, keys }), InvariantError);
  }
  assert.throws(() => subjectDigest({ ...small, nonce: new Uint8Array(31) }), InvariantError);
});
