import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import type { GroupBackend } from '../dist/group/backend.js';
import { passesSelfCheck } from '../dist/group/self-check.js';
import { group as nodeGroup } from '../dist/node/group.js';
import { loadNativeGroup } from '../dist/node/native-group.js';
import { primitives as node } from '../dist/node/primitives.js';
import { group as wasm } from '../dist/portable/group.js';
import { primitives as portable } from '../dist/portable/primitives.js';
import { noble } from './noble-group.js';

const native = await loadNativeGroup();
const backends = [wasm, ...(native === undefined ? [] : [native])];

for (const backend of backends) {
  describe(`ristretto255, ${backend.name} against noble`, () => {
    test('self-check', () => assert.ok(passesSelfCheck(backend)));

    test('random input', () => {
      for (let i = 0; i < 40; i++) {
        const wide = systemEntropy.bytes(64);
        const scalar = noble.reduceScalar(wide);
        const element = noble.elementFromUniform(systemEntropy.bytes(64));
        assert.deepEqual(backend.reduceScalar(wide), scalar);
        assert.deepEqual(backend.elementFromUniform(wide), noble.elementFromUniform(wide));
        assert.deepEqual(backend.multiply(scalar, element), noble.multiply(scalar, element));
        assert.deepEqual(backend.multiplyBase(scalar), noble.multiplyBase(scalar));
        assert.deepEqual(backend.invertScalar(scalar), noble.invertScalar(scalar));
        assert.ok(backend.isEncoding(element));
        const guess = systemEntropy.bytes(32);
        assert.equal(backend.isEncoding(guess), noble.isEncoding(guess));
      }
    });

    test('encodings at the edges', () => {
      const p = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
      for (let low = 0; low < 256; low++) {
        for (const bytes of [concat(Uint8Array.of(low), p.slice(1)), concat(Uint8Array.of(low), new Uint8Array(31))]) {
          assert.equal(backend.isEncoding(bytes), noble.isEncoding(bytes), `low byte ${low}`);
        }
      }
    });
  });
}

test('Node uses libsodium where it is, WASM otherwise', () => {
  assert.equal(nodeGroup.name, native === undefined ? 'wasm' : 'native');
});

test('a backend that computes anything else is not used', () => {
  assert.ok(passesSelfCheck(noble));
  const swap = (changes: Partial<GroupBackend>): GroupBackend => ({ ...wasm, ...changes });
  const wrong = new Uint8Array(32).fill(1);
  assert.ok(!passesSelfCheck(swap({ multiply: () => wrong })));
  assert.ok(!passesSelfCheck(swap({ multiplyBase: () => wrong })));
  assert.ok(!passesSelfCheck(swap({ elementFromUniform: () => wrong })));
  assert.ok(!passesSelfCheck(swap({ reduceScalar: () => wrong })));
  assert.ok(!passesSelfCheck(swap({ invertScalar: () => wrong })));
  assert.ok(!passesSelfCheck(swap({ isEncoding: () => true })));
  assert.ok(!passesSelfCheck(swap({ isEncoding: () => false })));
});

describe('node and portable primitives agree on random input', () => {
  const lengths = [0, 1, 31, 32, 33, 63, 64, 65, 111, 112, 127, 128, 129, 255, 4095, 4096, 4097, 10_000];
  const pieces = (bytes: Uint8Array, cut: number) => [bytes.slice(0, cut), bytes.slice(cut)];

  test('hashes and HMAC', () => {
    for (const length of lengths) {
      const parts = pieces(systemEntropy.bytes(length), Math.floor(length / 3));
      const key = systemEntropy.bytes(length % 200);
      assert.deepEqual(node.sha256(parts), portable.sha256(parts));
      assert.deepEqual(node.sha512(parts), portable.sha512(parts));
      assert.deepEqual(node.sha256([]), portable.sha256([]));
      assert.deepEqual(node.hmac('sha256', key, parts), portable.hmac('sha256', key, parts));
      assert.deepEqual(node.hmac('sha512', key, parts), portable.hmac('sha512', key, parts));
    }
  });

  test('AES-256-GCM', () => {
    for (const length of lengths) {
      const [key, nonce, aad] = [systemEntropy.bytes(32), systemEntropy.bytes(12), systemEntropy.bytes(length % 77)];
      const plaintext = systemEntropy.bytes(length);
      const sealed = node.aes256gcmSeal(key, nonce, aad, plaintext);
      assert.deepEqual(portable.aes256gcmSeal(key, nonce, aad, plaintext), sealed);
      assert.deepEqual(node.aes256gcmOpen(key, nonce, aad, sealed), plaintext);
      assert.deepEqual(portable.aes256gcmOpen(key, nonce, aad, sealed), plaintext);
    }
  });

  test('Ed25519', () => {
    for (const length of lengths) {
      const [seed, message] = [systemEntropy.bytes(32), systemEntropy.bytes(length)];
      const publicKey = node.ed25519PublicKey(seed);
      const signature = node.ed25519Sign(seed, message);
      assert.deepEqual(portable.ed25519PublicKey(seed), publicKey);
      assert.deepEqual(portable.ed25519Sign(seed, message), signature);
      assert.ok(portable.ed25519Verify(publicKey, message, signature));
      assert.ok(node.ed25519Verify(publicKey, message, signature));
    }
  });

  test('X25519, points of small order too', () => {
    for (let i = 0; i < 20; i++) {
      const [secret, publicKey] = [systemEntropy.bytes(32), systemEntropy.bytes(32)];
      assert.deepEqual(node.x25519PublicKey(secret), portable.x25519PublicKey(secret));
      assert.deepEqual(node.x25519(secret, publicKey), portable.x25519(secret, publicKey));
    }
    // The encodings of order 1, 2, 4 and 8 (RFC 7748 §6.1 warns of the all-zero result).
    const small = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ];
    for (const point of small.map(fromHex)) {
      assert.equal(node.x25519(systemEntropy.bytes(32), point), undefined);
      assert.equal(portable.x25519(systemEntropy.bytes(32), point), undefined);
    }
  });
});
