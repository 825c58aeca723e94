import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import {
  oprfBlind,
  oprfDeriveKeyPair,
  oprfEvaluate,
  oprfFinalize,
  oprfInputBytesMax,
  oprfRandomKey,
  systemEntropy,
} from '@coffer/crypto';
import { ristretto255_oprf as noble, ristretto255 } from '@noble/curves/ed25519.js';
import { flipped, loadVectors, scripted, wideScalar, withCode } from './support.js';

const suite = loadVectors<{
  seed: string;
  keyInfo: string;
  skSm: string;
  vectors: { input: string; blind: string; blindedElement: string; evaluationElement: string; output: string }[];
}>('oprf/rfc9497.json');

const order = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

test('A.1.1: the key derives from seed and info', () => {
  const { privateKey, publicKey } = oprfDeriveKeyPair(fromHex(suite.seed), fromHex(suite.keyInfo));
  assert.equal(hex(privateKey), suite.skSm);
  assert.deepEqual(publicKey, oprfEvaluate(privateKey, ristretto255.Point.BASE.toBytes()));
});

for (const [i, vector] of suite.vectors.entries()) {
  test(`A.1.1.${i + 1}: blind, evaluate, finalize`, () => {
    const input = fromHex(vector.input);
    const { blind, blindedElement } = oprfBlind(input, scripted(wideScalar(fromHex(vector.blind))));
    assert.equal(hex(blind), vector.blind);
    assert.equal(hex(blindedElement), vector.blindedElement);
    const evaluated = oprfEvaluate(fromHex(suite.skSm), blindedElement);
    assert.equal(hex(evaluated), vector.evaluationElement);
    assert.equal(hex(oprfFinalize(input, blind, evaluated)), vector.output);
  });
}

test('agrees with noble’s OPRF on random input, each in each role', () => {
  for (let i = 0; i < 20; i++) {
    const input = systemEntropy.bytes(i * 7);
    const key = oprfRandomKey(systemEntropy);
    const ours = oprfBlind(input, systemEntropy);
    const theirs = noble.oprf.blind(input);
    const outputs = [
      oprfFinalize(input, ours.blind, noble.oprf.blindEvaluate(key, ours.blindedElement)),
      noble.oprf.finalize(input, theirs.blind, oprfEvaluate(key, theirs.blinded)),
    ];
    assert.deepEqual(outputs[0], outputs[1]);
    const seed = systemEntropy.bytes(32);
    const pair = noble.oprf.deriveKeyPair(seed, input);
    assert.deepEqual(oprfDeriveKeyPair(seed, input), { privateKey: pair.secretKey, publicKey: pair.publicKey });
  }
});

test('a zero scalar is drawn again', () => {
  const entropy = scripted(new Uint8Array(64), wideScalar(order), wideScalar(fromHex(suite.skSm)));
  assert.equal(hex(oprfRandomKey(entropy)), suite.skSm);
  assert.ok(entropy.isUsedUp());
});

const { blind, blindedElement } = oprfBlind(utf8('input'), systemEntropy);
const key = oprfRandomKey(systemEntropy);

/** Encodings that RFC 9496 appendix A.2 wants rejected, the identity, and wrong lengths. */
const badElements = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20',
  '26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371',
  '',
].map(fromHex);

test('bad elements are refused', () => {
  for (const element of [...badElements, blindedElement.slice(1), concat(blindedElement, Uint8Array.of(0))]) {
    assert.throws(() => oprfEvaluate(key, element), withCode('bad-element'));
    assert.throws(() => oprfFinalize(utf8('input'), blind, element), withCode('bad-element'));
  }
  assert.throws(() => oprfEvaluate(key, flipped(blindedElement, 31, 7)), withCode('bad-element'));
  assert.throws(() => oprfEvaluate(key, flipped(blindedElement, 0, 0)), withCode('bad-element'));
});

test('bad scalars are refused', () => {
  const beyond = order.slice();
  beyond[0] = 0xee;
  const below = order.slice();
  below[0] = 0xec;
  const evaluated = oprfEvaluate(key, blindedElement);
  for (const scalar of [
    new Uint8Array(32),
    order,
    beyond,
    new Uint8Array(32).fill(255),
    key.slice(1),
    new Uint8Array(0),
  ]) {
    assert.throws(() => oprfEvaluate(scalar, blindedElement), withCode('bad-scalar'));
    assert.throws(() => oprfFinalize(utf8('input'), scalar, evaluated), withCode('bad-scalar'));
  }
  assert.equal(oprfEvaluate(below, blindedElement).length, 32);
});

test('input is at most 65,535 bytes', () => {
  const most = new Uint8Array(oprfInputBytesMax);
  const over = new Uint8Array(oprfInputBytesMax + 1);
  const request = oprfBlind(most, systemEntropy);
  assert.equal(oprfFinalize(most, request.blind, oprfEvaluate(key, request.blindedElement)).length, 64);
  assert.throws(() => oprfBlind(over, systemEntropy), withCode('bad-length'));
  assert.throws(() => oprfFinalize(over, blind, blindedElement), withCode('bad-length'));
});
