import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 as noble } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { hasCanonicalParts } from '../dist/ed25519-rules.js';
import { primitives as node } from '../dist/node/primitives.js';
import { primitives as portable } from '../dist/portable/primitives.js';
import { flipped, loadVectors, withCode } from './support.js';

const { vectors } = loadVectors<{
  vectors: { seed: string; publicKey: string; message: string; signature: string }[];
}>('ed25519/rfc8032.json');

const order = noble.Point.Fn.ORDER;
const seed = new Uint8Array(32).fill(5);
const message = utf8('statement');
const publicKey = ed25519PublicKey(seed);
const signature = ed25519Sign(seed, message);

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0, rest = value; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** A signature by someone who knows the scalar `a` and chooses A and R as any points, torsion included. */
function craft(a: bigint, keyTorsion: string, nonceTorsion: string, r: bigint, ground: (h: bigint) => boolean) {
  const point = (text: string) => noble.Point.fromBytes(fromHex(text));
  const key = noble.Point.BASE.multiply(a).add(point(keyTorsion)).toBytes();
  for (let counter = 0; counter < 64; counter++) {
    const text = Uint8Array.of(counter);
    const nonce = (r === 0n ? noble.Point.ZERO : noble.Point.BASE.multiply(r)).add(point(nonceTorsion)).toBytes();
    const h = fromLittleEndian(sha512(concat(nonce, key, text))) % order;
    if (!ground(h)) continue;
    return { key, text, signature: concat(nonce, littleEndian((r + h * a) % order)) };
  }
  throw new Error('no counter fits');
}

for (const primitives of [node, portable]) {
  const isSignature = (key: Uint8Array, text: Uint8Array, sig: Uint8Array): boolean =>
    hasCanonicalParts(key, sig) && primitives.ed25519Verify(key, text, sig);

  describe(`Ed25519, ${primitives.name}`, () => {
    test('RFC 8032', () => {
      for (const vector of vectors) {
        assert.equal(hex(primitives.ed25519PublicKey(fromHex(vector.seed))), vector.publicKey);
        assert.equal(hex(primitives.ed25519Sign(fromHex(vector.seed), fromHex(vector.message))), vector.signature);
        assert.ok(isSignature(fromHex(vector.publicKey), fromHex(vector.message), fromHex(vector.signature)));
      }
    });

    test('one flipped bit anywhere is no signature', () => {
      assert.ok(isSignature(publicKey, message, signature));
      for (let at = 0; at < 64; at++) assert.ok(!isSignature(publicKey, message, flipped(signature, at, at % 8)));
      for (let at = 0; at < 32; at++) assert.ok(!isSignature(flipped(publicKey, at, at % 8), message, signature));
      assert.ok(!isSignature(publicKey, flipped(message, 0), signature));
    });

    test('S + L is no signature', () => {
      const s = fromLittleEndian(signature.slice(32));
      assert.ok(!isSignature(publicKey, message, concat(signature.slice(0, 32), littleEndian(s + order))));
    });

    test('keys of small order verify nothing', () => {
      for (const torsion of ED25519_TORSION_SUBGROUP) {
        const key = fromHex(torsion);
        // Under a small-order key, S·B = R is a signature of every eighth message at least.
        const forged = concat(noble.Point.BASE.multiply(7n).toBytes(), littleEndian(7n));
        for (let i = 0; i < 16; i++) assert.ok(!isSignature(key, Uint8Array.of(i), forged));
      }
    });

    test('a key with a torsion component is refused, also where the cofactorless equation holds', () => {
      const torsion = ED25519_TORSION_SUBGROUP[1] as string;
      const crafted = craft(11n, torsion, ED25519_TORSION_SUBGROUP[0] as string, 13n, (h) => h % 8n === 0n);
      assert.ok(!isSignature(crafted.key, crafted.text, crafted.signature));
    });

    test('a nonce with a torsion component is refused, where only the cofactored equation holds', () => {
      const torsion = ED25519_TORSION_SUBGROUP[1] as string;
      const crafted = craft(11n, ED25519_TORSION_SUBGROUP[0] as string, torsion, 13n, () => true);
      assert.ok(noble.verify(crafted.signature, crafted.text, crafted.key, { zip215: true }), 'the craft is right');
      assert.ok(!isSignature(crafted.key, crafted.text, crafted.signature));
    });

    test('the identity as nonce is refused', () => {
      const zero = ED25519_TORSION_SUBGROUP[0] as string;
      const crafted = craft(11n, zero, zero, 0n, () => true);
      assert.ok(noble.verify(crafted.signature, crafted.text, crafted.key, { zip215: true }), 'the craft is right');
      assert.ok(!isSignature(crafted.key, crafted.text, crafted.signature));
    });

    test('an honest signature made the same way passes', () => {
      const zero = ED25519_TORSION_SUBGROUP[0] as string;
      const crafted = craft(11n, zero, zero, 13n, () => true);
      assert.ok(isSignature(crafted.key, crafted.text, crafted.signature));
    });
  });
}

test('encodings with y ≥ p are refused', () => {
  const p = 2n ** 255n - 19n;
  const s = signature.slice(32);
  for (let y = 0n; y < 19n; y++) {
    for (const sign of [0n, 1n << 255n]) {
      const point = littleEndian((p + y) | sign);
      assert.ok(!hasCanonicalParts(point, signature));
      assert.ok(!hasCanonicalParts(publicKey, concat(point, s)));
    }
  }
  for (const y of [0n, 1n, p - 1n]) {
    for (const sign of [0n, 1n << 255n]) assert.ok(!hasCanonicalParts(littleEndian(y | sign), signature));
  }
  assert.ok(hasCanonicalParts(littleEndian(2n), signature), 'the next y is left to the curve');
  assert.ok(hasCanonicalParts(littleEndian(p - 2n), signature));
  assert.ok(hasCanonicalParts(publicKey, concat(signature.slice(0, 32), littleEndian(order - 1n))));
  assert.ok(!hasCanonicalParts(publicKey, concat(signature.slice(0, 32), littleEndian(order))));
});

test('isEd25519Signature is false, not an error, for malformed input', () => {
  assert.ok(isEd25519Signature(publicKey, message, signature));
  assert.ok(!isEd25519Signature(publicKey.slice(1), message, signature));
  assert.ok(!isEd25519Signature(concat(publicKey, publicKey), message, signature));
  assert.ok(!isEd25519Signature(publicKey, message, signature.slice(1)));
  assert.ok(!isEd25519Signature(new Uint8Array(0), message, new Uint8Array(0)));
  for (let i = 0; i < 64; i++) assert.ok(!isEd25519Signature(new Uint8Array(32).fill(i), message, signature));
});

test('seeds of another length are refused', () => {
  assert.throws(() => ed25519PublicKey(seed.slice(1)), withCode('bad-length'));
  assert.throws(() => ed25519Sign(concat(seed, seed), message), withCode('bad-length'));
});

test('more keys than are kept imported', () => {
  const seeds = Array.from({ length: 20 }, (_, i) => new Uint8Array(32).fill(i + 1));
  const signatures = seeds.map((each) => ed25519Sign(each, message));
  for (let round = 0; round < 2; round++) {
    seeds.forEach((each, i) => {
      assert.deepEqual(ed25519Sign(each, message), signatures[i]);
      assert.ok(isEd25519Signature(ed25519PublicKey(each), message, signatures[i] as Uint8Array));
    });
  }
});

test('a signature and a key given as Buffers are verified and left as they were', () => {
  const seed = new Uint8Array(32).fill(3);
  for (let i = 0; i < 8; i++) {
    const message = Uint8Array.of(i);
    const signature = Buffer.from(ed25519Sign(seed, message));
    const key = Buffer.from(ed25519PublicKey(seed));
    const before = [...signature, ...key];
    assert.ok(isEd25519Signature(key, message, signature));
    assert.deepEqual([...signature, ...key], before);
  }
});
