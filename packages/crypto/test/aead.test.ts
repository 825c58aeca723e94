import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import {
  aes256gcmOpen,
  aes256gcmSeal,
  committingOverheadBytes,
  openCommitting,
  sealCommitting,
  systemEntropy,
} from '@coffer/crypto';
import { primitives as node } from '../dist/node/primitives.js';
import { primitives as portable } from '../dist/portable/primitives.js';
import { flipped, loadVectors, scripted, withCode } from './support.js';

const known = loadVectors<{
  aes256gcm: { key: string; nonce: string; aad: string; plaintext: string; sealed: string }[];
}>('hashes/known-answers.json');
const key = new Uint8Array(32).fill(7);
const nonce = new Uint8Array(12).fill(8);
const aad = utf8('associated');
const message = utf8('a message of more than one block of sixteen bytes');

for (const primitives of [node, portable]) {
  describe(`AES-256-GCM, ${primitives.name}`, () => {
    test('known answers', () => {
      for (const vector of known.aes256gcm) {
        const [k, n, a] = [fromHex(vector.key), fromHex(vector.nonce), fromHex(vector.aad)];
        assert.equal(hex(primitives.aes256gcmSeal(k, n, a, fromHex(vector.plaintext))), vector.sealed);
        assert.deepEqual(primitives.aes256gcmOpen(k, n, a, fromHex(vector.sealed)), fromHex(vector.plaintext));
      }
    });

    test('nothing opens with one bit flipped', () => {
      const sealed = primitives.aes256gcmSeal(key, nonce, aad, message);
      for (let at = 0; at < sealed.length; at++) {
        assert.equal(primitives.aes256gcmOpen(key, nonce, aad, flipped(sealed, at, at % 8)), undefined);
      }
      assert.equal(primitives.aes256gcmOpen(flipped(key, 31), nonce, aad, sealed), undefined);
      assert.equal(primitives.aes256gcmOpen(key, flipped(nonce, 11), aad, sealed), undefined);
      assert.equal(primitives.aes256gcmOpen(key, nonce, flipped(aad, 0), sealed), undefined);
    });
  });
}

test('AES-256-GCM checks lengths', () => {
  const sealed = aes256gcmSeal(key, nonce, aad, message);
  assert.deepEqual(aes256gcmOpen(key, nonce, aad, sealed), message);
  assert.throws(() => aes256gcmSeal(key.slice(1), nonce, aad, message), withCode('bad-length'));
  assert.throws(() => aes256gcmSeal(key, concat(nonce, nonce), aad, message), withCode('bad-length'));
  assert.throws(() => aes256gcmOpen(key.slice(1), nonce, aad, sealed), withCode('bad-length'));
  assert.throws(() => aes256gcmOpen(key, nonce.slice(1), aad, sealed), withCode('bad-length'));
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => aes256gcmOpen(key, nonce, aad, sealed.slice(0, length)), withCode('open-failed'));
  }
});

describe('committing AEAD', () => {
  const info = utf8('coffer/test');
  const sealed = sealCommitting(key, info, aad, message, systemEntropy);

  test('opens what it sealed and adds 80 bytes', () => {
    assert.equal(sealed.length, message.length + committingOverheadBytes);
    assert.equal(committingOverheadBytes, 80);
    assert.deepEqual(openCommitting(key, info, aad, sealed), message);
    const empty = sealCommitting(key, info, new Uint8Array(0), new Uint8Array(0), systemEntropy);
    assert.deepEqual(openCommitting(key, info, new Uint8Array(0), empty), new Uint8Array(0));
  });

  test('golden bytes', () => {
    const fixed = sealCommitting(key, info, aad, utf8('golden'), scripted(new Uint8Array(32).fill(9)));
    // Computed with hkdfSync and createCipheriv of node:crypto.
    const [salt, commitment, body] = [
      '0909090909090909090909090909090909090909090909090909090909090909',
      '049387a346ef3ffd4edba327f2e995468b0af21bffef9dc26e3cbdc0acd25bd3',
      '04f1020e5e6165e4414bef6c4da2386cc433381a660d',
    ];
    assert.equal(hex(fixed), `${salt}${commitment}${body}`);
  });

  test('every bit of every part counts', () => {
    for (let at = 0; at < sealed.length; at++) {
      assert.throws(() => openCommitting(key, info, aad, flipped(sealed, at, at % 8)), withCode('open-failed'));
    }
    assert.throws(() => openCommitting(flipped(key, 0), info, aad, sealed), withCode('open-failed'));
    assert.throws(() => openCommitting(key, utf8('coffer/tesu'), aad, sealed), withCode('open-failed'));
    assert.throws(() => openCommitting(key, info, flipped(aad, 0), sealed), withCode('open-failed'));
  });

  test('info and associated data do not run into each other', () => {
    const moved = sealCommitting(key, utf8('ab'), utf8('c'), message, systemEntropy);
    assert.throws(() => openCommitting(key, utf8('a'), utf8('bc'), moved), withCode('open-failed'));
  });

  test('truncations do not open', () => {
    for (let length = 0; length < sealed.length; length++) {
      assert.throws(() => openCommitting(key, info, aad, sealed.slice(0, length)), withCode('open-failed'));
    }
  });

  test('a body sealed under another key does not pass for this one, though its tag is right', () => {
    // What a partitioning oracle needs: one header, a body that opens under the attacker's choice of key.
    const other = sealCommitting(flipped(key, 3), info, aad, message, scripted(sealed.slice(0, 32)));
    const spliced = concat(sealed.slice(0, 64), other.slice(64));
    assert.throws(() => openCommitting(key, info, aad, spliced), withCode('open-failed'));
    assert.throws(() => openCommitting(flipped(key, 3), info, aad, spliced), withCode('open-failed'));
  });

  test('keys of other lengths are refused', () => {
    assert.throws(() => sealCommitting(key.slice(1), info, aad, message, systemEntropy), withCode('bad-length'));
    assert.throws(() => openCommitting(key.slice(1), info, aad, sealed), withCode('bad-length'));
  });
});
