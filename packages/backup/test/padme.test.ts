import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paddedBytes, paddedBytesMin, padme } from '@coffer/backup';
import fc from 'fast-check';

/** The paper's algorithm 1, word for word, on big integers. */
function naive(length: bigint): bigint {
  const log2 = (value: bigint) => BigInt(value.toString(2).length - 1);
  if (length < 2n) return length;
  const exponent = log2(length);
  const zeroBits = exponent - (log2(exponent) + 1n);
  const mask = (1n << (zeroBits > 0n ? zeroBits : 0n)) - 1n;
  return (length + mask) & ~mask;
}

const lengths = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 52),
);

test('Padmé: equals the paper’s algorithm', () => {
  for (let length = 0; length < 5000; length++) assert.equal(BigInt(padme(length)), naive(BigInt(length)));
  for (let bit = 10; bit < 52; bit++) {
    for (const d of [-1, 0, 1])
      assert.equal(BigInt(padme(2 ** bit + d)), naive(BigInt(2 ** bit + d)), `2^${bit} + ${d}`);
  }
  fc.assert(fc.property(lengths, (length) => assert.equal(BigInt(padme(length)), naive(BigInt(length)))));
});

test('Padmé: never shorter, less than 12 % longer, monotone, and stable', () => {
  fc.assert(
    fc.property(lengths, (length) => {
      const padded = padme(length);
      assert.ok(padded >= length);
      assert.ok(padded <= length * 1.12);
      assert.ok(padme(length + 1) >= padded);
      assert.equal(padme(padded), padded);
    }),
  );
});

test('the smallest backups all have one size', () => {
  assert.equal(paddedBytes(0), paddedBytesMin);
  assert.equal(paddedBytes(paddedBytesMin), paddedBytesMin);
  assert.ok(paddedBytes(paddedBytesMin + 1) > paddedBytesMin);
});
