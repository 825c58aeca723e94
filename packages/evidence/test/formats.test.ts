import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, utf8, utf8Text } from '@coffer/base';
import { ed25519PublicKey, sha256 } from '@coffer/crypto';
import {
  type CeremonyEvent,
  ceremonyStepsMax,
  ceremonyWitnessesMax,
  decodeEnvelope,
  decodeEvidenceIndex,
  decodeStatement,
  decodeTranscript,
  EvidenceError,
  type EvidenceErrorCode,
  encodeEnvelope,
  encodeEvidenceIndex,
  encodeStatement,
  encodeTranscript,
  envelopeMessage,
  envelopeSignaturesMax,
  evidenceFileBytesMax,
  evidenceIndexBytesMax,
  evidenceItemsMax,
  exceptionTextMax,
  mediaMax,
  noStep,
  type Predicates,
  quoteBytesMax,
  type StatementKind,
  selfTestCallsMax,
  shortTextMax,
  signEnvelope,
  verifyEnvelope,
} from '@coffer/evidence';
import type { ConfigHash } from '@coffer/protocol';
import { seedOf } from '@coffer/transparency/testing';
import { factsOf } from './evidence-world.js';
import { FleetOfCores } from './fleet-of-cores.js';

const cores = new FleetOfCores({ seed: 'formats', sites: ['a'] });
const facts = await factsOf(cores, 1);
const { configHash } = cores.fleet;
const coded = (code: EvidenceErrorCode) => (error: unknown) => error instanceof EvidenceError && error.code === code;
const write = <K extends StatementKind>(kind: K, predicate: Predicates[K]) =>
  encodeStatement({ kind, configHash, predicate });

test('an envelope: what DSSE signs, and what is written is read again', () => {
  const payload = utf8('hello world');
  assert.equal(utf8Text(envelopeMessage(payload)), 'DSSEv1 28 application/vnd.in-toto+json 11 hello world');
  const file = encodeEnvelope({ payload, signatures: [signEnvelope(payload, seedOf('a'))] });
  const read = decodeEnvelope(file);
  assert.deepEqual(verifyEnvelope(read, [ed25519PublicKey(seedOf('a'))]), payload);
  assert.deepEqual(encodeEnvelope(read), file);
  assert.throws(() => verifyEnvelope(read, []), coded('unknown-role'));
});

test('an envelope: 1 to 8 signatures, none twice', () => {
  const payload = utf8('{}');
  const signed = (count: number) => ({
    payload,
    signatures: Array.from({ length: count }, (_, i) => signEnvelope(payload, seedOf(`signer ${i}`))),
  });
  decodeEnvelope(encodeEnvelope(signed(envelopeSignaturesMax)));
  for (const count of [0, envelopeSignaturesMax + 1]) {
    assert.throws(() => encodeEnvelope(signed(count)), coded('bad-statement'));
  }
  const [only] = signed(1).signatures;
  assert.throws(() => encodeEnvelope({ payload, signatures: [only!, only!] }), coded('bad-statement'));
});

test('a file over its limit is not looked at', () => {
  assert.throws(() => decodeEnvelope(new Uint8Array(evidenceFileBytesMax + 1)), coded('bad-statement'));
  assert.throws(() => decodeTranscript(new Uint8Array(evidenceFileBytesMax + 1)), coded('bad-transcript'));
  assert.throws(() => decodeEvidenceIndex(new Uint8Array(evidenceIndexBytesMax + 1)), coded('bad-index'));
});

test('an index: sorted, none twice, within its limits', () => {
  const items = (count: number, bytes = 1) =>
    Array.from({ length: count }, (_, i) => ({ kind: 'rebuild', name: `r${i}`, digest: sha256(), bytes }));
  const index = (list: ReturnType<typeof items>) => encodeEvidenceIndex({ configHash, items: list });
  assert.equal(decodeEvidenceIndex(index(items(evidenceItemsMax))).items.length, evidenceItemsMax);
  assert.throws(() => index(items(evidenceItemsMax + 1)), coded('bad-index'));
  assert.throws(() => index([...items(1), ...items(1)]), coded('bad-index'));
  index(items(1, evidenceFileBytesMax));
  for (const bytes of [0, evidenceFileBytesMax + 1, 1.5]) {
    assert.throws(() => index(items(1, bytes)), coded('bad-index'));
  }
  const longest = Array.from({ length: evidenceItemsMax }, (_, i) => ({
    kind: 'k'.repeat(32),
    name: String(i).padStart(64, '0'),
    digest: sha256(),
    bytes: evidenceFileBytesMax,
  }));
  assert.ok(index(longest).length <= evidenceIndexBytesMax, 'no index of the longest names is over the limit');
  const swapped = utf8(utf8Text(index(items(2))).replace('"r0"', '"r9"'));
  assert.throws(() => decodeEvidenceIndex(swapped), coded('bad-index'));
});

test('statements: what is written is read again, and is no statement of another kind', () => {
  const [member] = facts.members;
  const all: { [K in StatementKind]: Predicates[K] } = {
    config: facts.config,
    member: member!,
    source: facts.source,
    build: facts.build,
    rebuild: { image: facts.build.image, commit: facts.build.commit },
    ceremony: { steps: [] },
    'self-test': { ...facts.selfTests[0]!, transcript: sha256() },
    media: facts.media,
  };
  const kinds = Object.keys(all) as StatementKind[];
  for (const kind of kinds) {
    const bytes = write(kind, all[kind]);
    assert.deepEqual(decodeStatement(kind, bytes), { kind, configHash, predicate: all[kind] });
    for (const another of kinds) {
      if (another !== kind) assert.throws(() => decodeStatement(another, bytes), coded('wrong-kind'));
    }
  }
});

test('statements: texts, media and quotes at their limits', () => {
  const text = (length: number) => ({ ...facts.source, repository: 'x'.repeat(length) });
  write('source', text(shortTextMax));
  for (const bad of ['', 'x'.repeat(shortTextMax + 1), 'two\nlines', 'tab\t', '\u202e']) {
    assert.throws(() => write('source', { ...facts.source, repository: bad }), coded('bad-statement'));
  }
  const serials = Array.from({ length: mediaMax + 1 }, (_, i) => `card-${String(i).padStart(3, '0')}`);
  write('media', { issued: serials.slice(1), destroyed: [] });
  assert.throws(() => write('media', { issued: serials, destroyed: [] }), coded('bad-statement'));
  assert.throws(() => write('media', { issued: ['a', 'a'], destroyed: [] }), coded('bad-statement'));
  const quote = (length: number) => ({
    ...facts.members[0]!,
    quote: { type: 'tpm2', evidence: new Uint8Array(length) },
  });
  write('member', quote(quoteBytesMax));
  assert.throws(() => write('member', quote(quoteBytesMax + 1)), coded('bad-statement'));
  assert.throws(() => write('config', { ...facts.config, groups: 33 }), coded('bad-statement'));
});

test('a ceremony: steps, witnesses and words at their limits', () => {
  const step = (event: CeremonyEvent, seq = 0) => ({ step: { seq, prev: noStep, atMs: 0, event }, signatures: [] });
  const said = (what: string): CeremonyEvent => ({ kind: 'exception', what });
  const steps = (count: number) => ({ steps: Array.from({ length: count }, (_, i) => step(said('x'), i % 128)) });
  write('ceremony', steps(ceremonyStepsMax));
  assert.throws(() => write('ceremony', steps(ceremonyStepsMax + 1)), coded('bad-ceremony'));
  write('ceremony', { steps: [step(said('x'.repeat(exceptionTextMax)))] });
  for (const what of ['', 'x'.repeat(exceptionTextMax + 1), 'a\nb']) {
    assert.throws(() => write('ceremony', { steps: [step(said(what))] }), coded('bad-ceremony'));
  }
  const open = (count: number): CeremonyEvent => ({
    kind: 'open',
    plan: facts.config,
    roles: {
      operator: sha256(),
      witnesses: Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i))),
    },
    nonce: sha256(),
    image: sha256(),
  });
  const bytes = write('ceremony', { steps: [step(open(ceremonyWitnessesMax))] });
  const read = decodeStatement('ceremony', bytes).predicate.steps[0]?.step.event;
  assert.equal(read?.kind === 'open' && read.roles.witnesses.length, ceremonyWitnessesMax);
  assert.throws(() => write('ceremony', { steps: [step(open(ceremonyWitnessesMax + 1))] }), coded('bad-ceremony'));
});

test('a transcript: calls at their limit', () => {
  const [transcript] = facts.transcripts;
  const calls = (count: number) =>
    Array.from({ length: count }, (_, i) => transcript!.calls[i % transcript!.calls.length]!);
  const bytes = encodeTranscript({ ...transcript!, calls: calls(selfTestCallsMax) });
  assert.equal(decodeTranscript(bytes).calls.length, selfTestCallsMax);
  assert.throws(() => encodeTranscript({ ...transcript!, calls: calls(selfTestCallsMax + 1) }), {
    code: 'over-limit',
  });
  assert.throws(() => decodeTranscript(bytes.slice(1)), coded('bad-transcript'));
});

test('a statement names its fleet', () => {
  const other = sha256() as ConfigHash;
  const bytes = encodeStatement({ kind: 'media', configHash: other, predicate: facts.media });
  assert.equal(hex(decodeStatement('media', bytes).configHash), hex(other));
});
