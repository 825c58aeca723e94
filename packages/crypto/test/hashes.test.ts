import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex, hex } from '@coffer/base';
import { hkdf, hkdfExpand, hkdfExtract, hmacSha256, hmacSha512, sha256, sha512 } from '@coffer/crypto';
import { primitives as node } from '../dist/node/primitives.js';
import { primitives as portable } from '../dist/portable/primitives.js';
import { loadVectors, withCode } from './support.js';

const known = loadVectors<{
  sha: { message: string; sha256: string; sha512: string }[];
  hmac: { key: string; message: string; sha256: string; sha512: string }[];
  hkdf: { ikm: string; salt: string; info: string; prk: string; okm: string }[];
}>('hashes/known-answers.json');

for (const primitives of [node, portable]) {
  describe(`known answers, ${primitives.name}`, () => {
    test('FIPS 180-4', () => {
      for (const vector of known.sha) {
        const message = fromHex(vector.message);
        assert.equal(hex(primitives.sha256([message])), vector.sha256);
        assert.equal(hex(primitives.sha512([message])), vector.sha512);
        assert.equal(hex(primitives.sha256([message.slice(0, 1), message.slice(1)])), vector.sha256);
        assert.equal(hex(primitives.sha512([new Uint8Array(0), message])), vector.sha512);
      }
    });

    test('RFC 4231', () => {
      for (const vector of known.hmac) {
        const message = fromHex(vector.message);
        const parts = [message.slice(0, 5), message.slice(5)];
        assert.equal(hex(primitives.hmac('sha256', fromHex(vector.key), parts)), vector.sha256);
        assert.equal(hex(primitives.hmac('sha512', fromHex(vector.key), parts)), vector.sha512);
      }
    });
  });
}

test('exported hashes take parts', () => {
  const [, abc] = known.sha;
  assert.ok(abc);
  assert.equal(hex(sha256(fromHex('61'), fromHex('62'), fromHex('63'))), abc.sha256);
  assert.equal(hex(sha512(fromHex('6162'), fromHex('63'))), abc.sha512);
  const [, mac] = known.hmac;
  assert.ok(mac);
  assert.equal(hex(hmacSha256(fromHex(mac.key), fromHex(mac.message))), mac.sha256);
  assert.equal(hex(hmacSha512(fromHex(mac.key), fromHex(mac.message))), mac.sha512);
});

test('RFC 5869 with SHA-256', () => {
  for (const vector of known.hkdf) {
    const { ikm, salt, info } = vector;
    const length = vector.okm.length / 2;
    const prk = hkdfExtract('sha256', fromHex(salt), fromHex(ikm));
    assert.equal(hex(prk), vector.prk);
    assert.equal(hex(hkdfExpand('sha256', prk, fromHex(info), length)), vector.okm);
    assert.equal(hex(hkdf('sha256', fromHex(salt), fromHex(ikm), fromHex(info), length)), vector.okm);
  }
});

test('HKDF gives at most 255 blocks', () => {
  const prk = new Uint8Array(64);
  const info = new Uint8Array(0);
  assert.equal(hkdfExpand('sha256', prk, info, 0).length, 0);
  assert.equal(hkdfExpand('sha256', prk, info, 255 * 32).length, 255 * 32);
  assert.equal(hkdfExpand('sha512', prk, info, 255 * 64).length, 255 * 64);
  assert.throws(() => hkdfExpand('sha256', prk, info, 255 * 32 + 1), withCode('bad-length'));
  assert.throws(() => hkdfExpand('sha512', prk, info, 255 * 64 + 1), withCode('bad-length'));
  assert.throws(() => hkdfExpand('sha512', prk, info, -1), withCode('bad-length'));
  assert.throws(() => hkdfExpand('sha512', prk, info, 1.5), withCode('bad-length'));
});

test('results are plain arrays that own their memory', () => {
  for (const bytes of [node.sha256([prefix]), node.sha512([prefix]), node.hmac('sha256', prefix, [prefix])]) {
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  }
});

const prefix = Uint8Array.of(1, 2, 3);
