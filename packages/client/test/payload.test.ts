import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemEntropy } from '@coffer/crypto';
import { payloadBytesMax, vaultIdOf } from '@coffer/protocol';
import { attemptEntropy } from '../dist/attempt-entropy.js';
import { openPayload, sealPayload } from '../dist/payload.js';
import { FakeFleet } from './fake-fleet.js';
import { code, vaultId } from './harness.js';

const { fleet } = new FakeFleet(vaultId);
const vault = { fleet, vaultId };
const exportKey = systemEntropy.bytes(64);
const contents = { backupKey: systemEntropy.bytes(32), generationMin: 0xffff_ffff_ffff_ffffn };
const sealed = sealPayload(vault, exportKey, contents, systemEntropy);

test('a payload opens with the same export key for the same vault', () => {
  assert.deepEqual(openPayload(vault, exportKey, sealed), contents);
  assert.ok(sealed.length <= payloadBytesMax);
});

test('a payload opens under no other key, vault or fleet, nor changed', () => {
  assert.throws(() => openPayload(vault, systemEntropy.bytes(64), sealed), code('bad-payload'));
  assert.throws(
    () => openPayload({ fleet, vaultId: vaultIdOf('example', 'bob') }, exportKey, sealed),
    code('bad-payload'),
  );
  assert.throws(
    () => openPayload({ fleet: new FakeFleet(vaultId).fleet, vaultId }, exportKey, sealed),
    code('bad-payload'),
  );
  for (let at = 0; at < sealed.length; at++) {
    const flipped = sealed.map((byte, i) => (i === at ? byte ^ 1 : byte));
    assert.throws(() => openPayload(vault, exportKey, flipped), code('bad-payload'));
    assert.throws(() => openPayload(vault, exportKey, sealed.subarray(0, at)), code('bad-payload'));
  }
});

test("an attempt's randomness depends on seed, password and draw, and on nothing else", () => {
  const draws = (seed: number, password: number): Uint8Array[] => {
    const entropy = attemptEntropy(new Uint8Array(32).fill(seed), Uint8Array.of(password));
    return [entropy.bytes(64), entropy.bytes(32), entropy.bytes(32)];
  };
  assert.deepEqual(draws(1, 1), draws(1, 1));
  const all = [...draws(1, 1), ...draws(1, 2), ...draws(2, 1)].map((draw) => draw.subarray(0, 32).join());
  assert.equal(new Set(all).size, 9);
});
