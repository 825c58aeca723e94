import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemEntropy } from '@coffer/crypto';

test('gives any length, in requests that getRandomValues accepts', () => {
  for (const length of [0, 1, 32, 65_535, 65_536, 65_537, 200_000]) {
    assert.equal(systemEntropy.bytes(length).length, length);
  }
});

test('fills every chunk', () => {
  const bytes = systemEntropy.bytes(3 * 65_536);
  for (let at = 0; at < bytes.length; at += 32) {
    // 32 zero bytes come once in 2^256.
    assert.ok(bytes.subarray(at, at + 32).some((byte) => byte !== 0));
  }
  assert.notDeepEqual(systemEntropy.bytes(32), systemEntropy.bytes(32));
});
