import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, hex } from '@coffer/base';
import { systemEntropy, xwingDecapsulate, xwingEncapsulate, xwingKeyPair } from '@coffer/crypto';
import { ml_kem768_x25519 as nobleXWing } from '@noble/post-quantum/hybrid.js';
import { hasNativeMlKem, mlKem768KeyPair as nodeMlKem } from '../dist/node/ml-kem.js';
import { mlKem768KeyPair as portableMlKem } from '../dist/portable/ml-kem.js';
import { flipped, loadVectors, withCode } from './support.js';

const { vectors } = loadVectors<{
  vectors: Record<'seed' | 'eseed' | 'ss' | 'pkHead' | 'pkTail' | 'ctHead' | 'ctTail', string>[];
}>('xwing/draft-connolly-cfrg-xwing-kem.json');

for (const [i, vector] of vectors.entries()) {
  test(`draft-connolly-cfrg-xwing-kem, vector ${i + 1}`, () => {
    const { publicKey, secretKey } = xwingKeyPair(fromHex(vector.seed));
    const { ciphertext, sharedSecret } = xwingEncapsulate(publicKey, fromHex(vector.eseed));
    assert.equal(publicKey.length, 1216);
    assert.equal(ciphertext.length, 1120);
    assert.equal(hex(publicKey.slice(0, 16)), vector.pkHead);
    assert.equal(hex(publicKey.slice(-16)), vector.pkTail);
    assert.equal(hex(ciphertext.slice(0, 16)), vector.ctHead);
    assert.equal(hex(ciphertext.slice(-16)), vector.ctTail);
    assert.equal(hex(sharedSecret), vector.ss);
    assert.equal(hex(xwingDecapsulate(secretKey, ciphertext)), vector.ss);
  });
}

test('agrees with noble’s X-Wing on random input, in both roles', () => {
  for (let i = 0; i < 10; i++) {
    const seed = systemEntropy.bytes(32);
    const ours = xwingKeyPair(seed);
    const theirs = nobleXWing.keygen(seed);
    assert.deepEqual(ours.publicKey, theirs.publicKey);
    const sent = xwingEncapsulate(theirs.publicKey, systemEntropy.bytes(64));
    assert.deepEqual(nobleXWing.decapsulate(sent.ciphertext, theirs.secretKey), sent.sharedSecret);
    const received = nobleXWing.encapsulate(ours.publicKey);
    assert.deepEqual(xwingDecapsulate(ours.secretKey, received.cipherText), received.sharedSecret);
  }
});

test('one key pair decapsulates again and again', () => {
  const { publicKey, secretKey } = xwingKeyPair(new Uint8Array(32).fill(3));
  for (let i = 0; i < 5; i++) {
    const { ciphertext, sharedSecret } = xwingEncapsulate(publicKey, new Uint8Array(64).fill(i));
    assert.deepEqual(xwingDecapsulate(secretKey, ciphertext), sharedSecret);
    assert.deepEqual(xwingDecapsulate(secretKey, ciphertext), sharedSecret);
  }
});

test('a tampered ciphertext gives another secret', () => {
  const { publicKey, secretKey } = xwingKeyPair(new Uint8Array(32).fill(3));
  const { ciphertext, sharedSecret } = xwingEncapsulate(publicKey, new Uint8Array(64).fill(4));
  for (let at = 0; at < 1120; at += 37) {
    assert.notDeepEqual(xwingDecapsulate(secretKey, flipped(ciphertext, at)), sharedSecret);
  }
});

test('lengths and keys are checked', () => {
  const { publicKey, secretKey } = xwingKeyPair(new Uint8Array(32));
  assert.throws(() => xwingKeyPair(new Uint8Array(31)), withCode('bad-length'));
  assert.throws(() => xwingKeyPair(new Uint8Array(33)), withCode('bad-length'));
  assert.throws(() => xwingEncapsulate(publicKey.slice(1), new Uint8Array(64)), withCode('bad-length'));
  assert.throws(() => xwingEncapsulate(publicKey, new Uint8Array(63)), withCode('bad-length'));
  assert.throws(() => xwingDecapsulate(secretKey, new Uint8Array(1119)), withCode('bad-length'));
  assert.throws(() => xwingDecapsulate(secretKey, new Uint8Array(1121)), withCode('bad-length'));
  // Coefficients of 4,095 are no residues of 3,329 (FIPS 203 §7.2).
  const unreduced = concat(new Uint8Array(384).fill(0xff), publicKey.slice(384));
  assert.throws(() => xwingEncapsulate(unreduced, new Uint8Array(64)), withCode('bad-key'));
});

test('X25519 points of small order are refused on both sides', () => {
  const { publicKey, secretKey } = xwingKeyPair(new Uint8Array(32));
  const { ciphertext } = xwingEncapsulate(publicKey, new Uint8Array(64));
  for (const point of [new Uint8Array(32), concat(Uint8Array.of(1), new Uint8Array(31))]) {
    const badKey = concat(publicKey.slice(0, 1184), point);
    assert.throws(() => xwingEncapsulate(badKey, new Uint8Array(64)), withCode('bad-key'));
    const badCiphertext = concat(ciphertext.slice(0, 1088), point);
    assert.throws(() => xwingDecapsulate(secretKey, badCiphertext), withCode('bad-key'));
  }
});

test('the native ML-KEM agrees with the portable one', { skip: !hasNativeMlKem && 'this Node has none' }, () => {
  for (let i = 0; i < 10; i++) {
    const seed = systemEntropy.bytes(64);
    const [native, portable] = [nodeMlKem(seed), portableMlKem(seed)];
    assert.deepEqual(native.publicKey, portable.publicKey);
    const ciphertext = systemEntropy.bytes(1088);
    assert.deepEqual(native.decapsulate(ciphertext), portable.decapsulate(ciphertext));
  }
});

test('destroy overwrites the seed', () => {
  const seed = new Uint8Array(32).fill(9);
  const { secretKey } = xwingKeyPair(seed);
  assert.deepEqual(secretKey.seed, seed);
  secretKey.destroy();
  assert.deepEqual(secretKey.seed, new Uint8Array(32));
  assert.deepEqual(secretKey.x25519Secret, new Uint8Array(32));
  assert.deepEqual(seed, new Uint8Array(32).fill(9), 'the caller’s own copy is the caller’s');
});
