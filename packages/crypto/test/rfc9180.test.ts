import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { test } from 'node:test';
import { concat, fromHex, hex, InvariantError, u16be, utf8 } from '@coffer/base';
import { CryptoError, hpkeSetupReceiver, hpkeSetupSender, systemEntropy, xwingKeyPair } from '@coffer/crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { hpkeContext, hpkeMessagesMax } from '../dist/hpke/context.js';
import { type HpkeAead, type HpkeSuite, hpkeKeySchedule } from '../dist/hpke/key-schedule.js';
import { labeledExpand, labeledExtract } from '../dist/hpke/labeled.js';
import { flipped, loadVectors, withCode } from './support.js';

interface Vector {
  section: string;
  kemId: number;
  aeadId: number;
  info: string;
  ikmE: string;
  ikmR: string;
  skEm: string;
  pkEm: string;
  skRm: string;
  pkRm: string;
  enc: string;
  sharedSecret: string;
  key: string;
  baseNonce: string;
  exporterSecret: string;
  encryptions: { sequence: number; pt: string; aad: string; nonce: string; ct: string }[];
  exports: { context: string; value: string }[];
}

const vectors = ['hpke/rfc9180.json', 'hpke/draft-irtf-cfrg-hpke-08-aes256.json'].flatMap(
  (path) => loadVectors<{ vectors: Vector[] }>(path).vectors,
);

function aead(id: number, keyBytes: number, name: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'): HpkeAead {
  const options = { authTagLength: 16 } as const;
  return {
    id,
    keyBytes,
    nonceBytes: 12,
    seal(key, nonce, aad, plaintext) {
      const cipher = createCipheriv(name as 'aes-128-gcm', key, nonce, options);
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
    },
    open(key, nonce, aad, sealed) {
      const decipher = createDecipheriv(name as 'aes-128-gcm', key, nonce, options);
      decipher.setAAD(aad, { plaintextLength: sealed.length - 16 });
      decipher.setAuthTag(sealed.subarray(sealed.length - 16));
      try {
        return concat(decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final());
      } catch {
        throw new CryptoError('open-failed', 'test AEAD');
      }
    },
  };
}

const aeads = [aead(1, 16, 'aes-128-gcm'), aead(2, 32, 'aes-256-gcm'), aead(3, 32, 'chacha20-poly1305')];

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 §4.1 and §7.1.3, which the product does not use. */
const dhKemSuiteId = concat(utf8('KEM'), u16be(0x0020));
function dhKemPrivateKey(ikm: Uint8Array): Uint8Array {
  const prk = labeledExtract(dhKemSuiteId, new Uint8Array(0), 'dkp_prk', ikm);
  return labeledExpand(dhKemSuiteId, prk, 'sk', new Uint8Array(0), 32);
}
function dhKemSecret(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  const prk = labeledExtract(dhKemSuiteId, new Uint8Array(0), 'eae_prk', dh);
  return labeledExpand(dhKemSuiteId, prk, 'shared_secret', concat(enc, recipient), 32);
}

for (const vector of vectors) {
  test(`base mode, ${vector.section}, AEAD ${vector.aeadId}`, () => {
    const suite: HpkeSuite = { kemId: vector.kemId, aead: aeads[vector.aeadId - 1] as HpkeAead };
    const skE = dhKemPrivateKey(fromHex(vector.ikmE));
    const skR = dhKemPrivateKey(fromHex(vector.ikmR));
    assert.equal(hex(skE), vector.skEm);
    assert.equal(hex(skR), vector.skRm);
    assert.equal(hex(x25519.getPublicKey(skE)), vector.pkEm);
    assert.equal(hex(x25519.getPublicKey(skR)), vector.pkRm);
    const shared = dhKemSecret(
      x25519.getSharedSecret(skE, fromHex(vector.pkRm)),
      fromHex(vector.enc),
      fromHex(vector.pkRm),
    );
    assert.equal(hex(shared), vector.sharedSecret);

    const keys = () => hpkeKeySchedule(suite, shared, fromHex(vector.info));
    assert.equal(hex(keys().key), vector.key);
    assert.equal(hex(keys().baseNonce), vector.baseNonce);
    assert.equal(hex(keys().exporterSecret), vector.exporterSecret);

    const sender = hpkeContext(suite, 'sender', keys());
    const receiver = hpkeContext(suite, 'receiver', keys());
    assert.ok(vector.encryptions.length > 0);
    let sequence = 0;
    for (const each of vector.encryptions) {
      for (; sequence < each.sequence; sequence++) {
        receiver.open(utf8('filler'), sender.seal(utf8('filler'), utf8('x')));
      }
      const sealed = sender.seal(fromHex(each.aad), fromHex(each.pt));
      assert.equal(hex(sealed), each.ct);
      assert.throws(() => receiver.open(fromHex(each.aad), flipped(sealed, 0)), withCode('open-failed'));
      assert.equal(hex(receiver.open(fromHex(each.aad), sealed)), each.pt);
      sequence++;
    }
    for (const each of vector.exports) {
      assert.equal(hex(sender.exportSecret(fromHex(each.context), 32)), each.value);
      assert.equal(hex(receiver.exportSecret(fromHex(each.context), 32)), each.value);
    }
  });
}

const pair = xwingKeyPair(new Uint8Array(32).fill(1));
const info = utf8('coffer/test');
const aad = utf8('bound');

test('Coffer’s suite carries messages in order', () => {
  const { enc, context } = hpkeSetupSender(pair.publicKey, info, systemEntropy);
  assert.equal(enc.length, 1120);
  const receiver = hpkeSetupReceiver(pair.secretKey, enc, info);
  const sealed = [0, 1, 2].map((i) => context.seal(aad, Uint8Array.of(i)));
  assert.throws(() => receiver.open(aad, sealed[1] as Uint8Array), withCode('open-failed'));
  for (const [i, each] of sealed.entries()) assert.deepEqual(receiver.open(aad, each), Uint8Array.of(i));
  assert.throws(() => receiver.open(aad, sealed[0] as Uint8Array), withCode('open-failed'));
  assert.deepEqual(context.exportSecret(aad, 48), receiver.exportSecret(aad, 48));
  assert.notDeepEqual(context.exportSecret(aad, 32), context.exportSecret(info, 32));
});

test('a changed encapsulation, info, aad or message does not open', () => {
  const { enc, context } = hpkeSetupSender(pair.publicKey, info, systemEntropy);
  const sealed = context.seal(aad, utf8('request'));
  for (const at of [0, 500, 1087, 1088, 1119]) {
    const receiver = hpkeSetupReceiver(pair.secretKey, flipped(enc, at), info);
    assert.throws(() => receiver.open(aad, sealed), withCode('open-failed'));
  }
  const other = hpkeSetupReceiver(pair.secretKey, enc, utf8('coffer/tesu'));
  assert.throws(() => other.open(aad, sealed), withCode('open-failed'));
  const stranger = xwingKeyPair(new Uint8Array(32).fill(2));
  assert.throws(() => hpkeSetupReceiver(stranger.secretKey, enc, info).open(aad, sealed), withCode('open-failed'));
  const receiver = hpkeSetupReceiver(pair.secretKey, enc, info);
  assert.throws(() => receiver.open(utf8('other'), sealed), withCode('open-failed'));
  for (let at = 0; at < sealed.length; at++) {
    assert.throws(() => receiver.open(aad, flipped(sealed, at)), withCode('open-failed'));
  }
  assert.deepEqual(receiver.open(aad, sealed), utf8('request'));
});

test('each end does its own half: both count from the same nonce', () => {
  const { enc, context } = hpkeSetupSender(pair.publicKey, info, systemEntropy);
  const receiver = hpkeSetupReceiver(pair.secretKey, enc, info);
  assert.throws(() => receiver.seal(aad, aad), InvariantError);
  assert.throws(() => context.open(aad, context.seal(aad, aad)), InvariantError);
});

test('a context seals and opens up to its last message', () => {
  const suite: HpkeSuite = { kemId: 0x647a, aead: aeads[1] as HpkeAead };
  const keys = () => hpkeKeySchedule(suite, new Uint8Array(32), info);
  const sender = hpkeContext(suite, 'sender', keys(), hpkeMessagesMax - 1);
  const receiver = hpkeContext(suite, 'receiver', keys(), hpkeMessagesMax - 1);
  const last = sender.seal(aad, utf8('last'));
  assert.deepEqual(receiver.open(aad, last), utf8('last'));
  assert.throws(() => sender.seal(aad, utf8('one more')), withCode('message-limit'));
  assert.throws(() => receiver.open(aad, last), withCode('message-limit'));
});

test('exports end at 255 blocks', () => {
  const { context } = hpkeSetupSender(pair.publicKey, info, systemEntropy);
  assert.equal(context.exportSecret(aad, 8160).length, 8160);
  assert.throws(() => context.exportSecret(aad, 8161), withCode('bad-length'));
});

test('a destroyed context has no keys left', () => {
  const { enc, context } = hpkeSetupSender(pair.publicKey, info, systemEntropy);
  const exported = context.exportSecret(aad, 32);
  context.destroy();
  assert.notDeepEqual(context.exportSecret(aad, 32), exported);
  assert.throws(
    () => hpkeSetupReceiver(pair.secretKey, enc, info).open(aad, context.seal(aad, aad)),
    withCode('open-failed'),
  );
});
