import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { artifactDigest, decodeCheckpoint, decodeNote, leafHash, parsePlexiAnswer } from '@coffer/transparency';
import { Bench, fleetOf, keyOf, namespace } from './harness.js';

const [a, b] = [fleetOf('A'), fleetOf('B')];

test('an epoch is audited, counter-signed, logged, cosigned and public', async () => {
  const bench = new Bench();
  const first = await bench.publish([[a, 'serving']]);
  assert.deepEqual([first.epoch, first.size, first.leafHash], [1, 1, leafHash(first.leaf)]);
  await bench.publish([
    [a, 'draining'],
    [b, 'serving'],
  ]);
  const { client } = bench;
  const info = await client.namespaceInfo();
  assert.equal(info?.status, 'Online');
  assert.equal(info?.last_verified_epoch, 2);
  const note = decodeNote((await client.checkpoint())!);
  assert.equal(decodeCheckpoint(note.text).size, 2);
  assert.equal(note.signatures.length, 4);
  assert.deepEqual((await client.audit(2))?.message.digest, artifactDigest(bench.artifacts[1]!));
  assert.deepEqual(await client.artifact(artifactDigest(bench.artifacts[0]!)), bench.artifacts[0]);
  assert.equal((await client.info()).keys[0]?.public_key, hex(keyOf('auditor')));
  assert.equal(await client.audit(3), undefined);
  parsePlexiAnswer(JSON.parse(await (await bench.get(`/namespaces/${namespace}/audits/1`)).text()));
});
