import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@coffer/testing';
import { readCorpus } from './fuzz/corpus.js';
import { decoderTargets } from './fuzz/decoders.js';
import { fuzzDecoders } from './fuzz/fuzz-decoders.js';
import { fuzzBirth, fuzzHsm } from './fuzz/fuzz-hsm.js';
import { checkDecoder, FuzzFinding } from './fuzz/target.js';

// Every refusal is an error, and its stack costs more than finding out.
Error.stackTraceLimit = 0;

/** A fixed slice; `npm run fuzz` goes on for as long as anybody has time. */
const decoderInputs = 60_000;
const handlerInputs = 400;

test('every decoder refuses what it refuses with a code, and what it decodes encodes to the same bytes', () => {
  const random = new SeededRandom('fuzz slice');
  const options = { targets: decoderTargets, seeds: new Map(), corpus: readCorpus(), random, inputs: decoderInputs };
  const { findings, outcomes } = fuzzDecoders({ ...options, isGuided: false });
  assert.deepEqual(findings, []);
  for (const { name } of decoderTargets) {
    assert.ok((outcomes[name]?.decoded ?? 0) > 0, `nothing decodes as ${name}`);
    // A target that only refuses, or only decodes, is not fuzzed at all.
    assert.ok(Object.keys(outcomes[name] ?? {}).length >= 2, `${name}: ${JSON.stringify(outcomes[name])}`);
  }
});

test('what earlier runs kept belongs to decoders that there still are', () => {
  const names = new Set(decoderTargets.map(({ name }) => name));
  for (const name of readCorpus().keys()) assert.ok(names.has(name), name);
});

test('no frame of a host halts an HSM, and what is refused changes nothing', async () => {
  const hsm = await fuzzHsm(new SeededRandom('fuzz hsm'), handlerInputs, 8);
  assert.deepEqual(hsm.findings, []);
  const birth = fuzzBirth(new SeededRandom('fuzz birth'), handlerInputs, 30);
  assert.deepEqual(birth.findings, []);
  assert.ok(Object.keys(hsm.outcomes).length > 3 && Object.keys(birth.outcomes).length > 3);
});

test('a decoder that is too generous, too strict in writing, or that breaks is found', () => {
  const one = Uint8Array.of(1, 2);
  const decode = (bytes: Uint8Array): number => bytes[0] ?? 0;
  assert.equal(checkDecoder({ name: 'first byte', decode }, one), 'decoded');
  const encode = (value: number): Uint8Array => Uint8Array.of(value);
  assert.throws(() => checkDecoder({ name: 'trailing bytes', decode, encode: encode as never }, one), FuzzFinding);
  const broken = (): never => {
    throw new TypeError('undefined is not a function');
  };
  assert.throws(() => checkDecoder({ name: 'broken', decode: broken }, one), FuzzFinding);
  assert.throws(() => checkDecoder({ name: 'unwritable', decode, encode: broken }, one), FuzzFinding);
  assert.throws(() => checkDecoder({ name: 'writes', decode: (bytes) => bytes.fill(0) }, one), FuzzFinding);
});
