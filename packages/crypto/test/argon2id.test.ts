import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import {
  argon2id,
  argon2LaneMemoryKiBMin,
  argon2LanesMax,
  argon2MemoryKiBMax,
  argon2OutputBytesMax,
  argon2OutputBytesMin,
  argon2PassesMax,
  argon2SaltBytesMin,
} from '@coffer/crypto';
import { argon2id as noble } from '@noble/hashes/argon2.js';
import { withCode } from './support.js';

const base = {
  password: new Uint8Array(32).fill(1),
  salt: new Uint8Array(16).fill(2),
  memoryKiB: 32,
  passes: 3,
  lanes: 4,
  lengthBytes: 32,
};

test('the oracle computes RFC 9106 §5.3, which needs a key and associated data', () => {
  const { password, salt } = base;
  const tag = noble(password, salt, {
    m: 32,
    t: 3,
    p: 4,
    dkLen: 32,
    key: new Uint8Array(8).fill(3),
    personalization: new Uint8Array(12).fill(4),
  });
  assert.equal(hex(tag), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

test('agrees with the oracle, with several lanes too', async () => {
  for (const [memoryKiB, passes, lanes, lengthBytes] of [
    [32, 3, 4, 32],
    [8, 1, 1, 4],
    [77, 2, 3, 64],
    [128, 1, 8, 100],
    [256, 3, 4, 64],
  ] as const) {
    const expected = noble(base.password, base.salt, { m: memoryKiB, t: passes, p: lanes, dkLen: lengthBytes });
    assert.deepEqual(await argon2id({ ...base, memoryKiB, passes, lanes, lengthBytes }), expected);
  }
});

test('agrees with the oracle at the SDK’s default costs', async () => {
  const expected = noble(base.password, base.salt, { m: 65_536, t: 3, p: 4, dkLen: 64 });
  assert.deepEqual(await argon2id({ ...base, memoryKiB: 65_536, lengthBytes: 64 }), expected);
});

test('limits', async () => {
  const refused = (changes: object) => assert.rejects(argon2id({ ...base, ...changes }), withCode('bad-parameters'));
  await refused({ password: new Uint8Array(0) });
  await refused({ salt: new Uint8Array(argon2SaltBytesMin - 1) });
  await refused({ memoryKiB: argon2LaneMemoryKiBMin * base.lanes - 1 });
  await refused({ memoryKiB: argon2MemoryKiBMax + 1 });
  await refused({ memoryKiB: 40.5 });
  await refused({ passes: 0 });
  await refused({ passes: argon2PassesMax + 1 });
  await refused({ lanes: 0 });
  await refused({ lanes: argon2LanesMax + 1, memoryKiB: 4096 });
  await refused({ lengthBytes: argon2OutputBytesMin - 1 });
  await refused({ lengthBytes: argon2OutputBytesMax + 1 });
  await refused({ passes: Number.NaN });
  const lowest = { salt: new Uint8Array(argon2SaltBytesMin), memoryKiB: 8, lanes: 1, passes: 1 };
  assert.equal((await argon2id({ ...base, ...lowest, lengthBytes: argon2OutputBytesMin })).length, 4);
  assert.equal((await argon2id({ ...base, ...lowest, lengthBytes: argon2OutputBytesMax })).length, 1024);
  assert.equal((await argon2id({ ...base, ...lowest, passes: argon2PassesMax })).length, 32);
  assert.equal((await argon2id({ ...base, lanes: argon2LanesMax, memoryKiB: 8 * argon2LanesMax })).length, 32);
});
