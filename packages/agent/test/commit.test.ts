import assert from 'node:assert/strict';
import test from 'node:test';
import { TestFleet } from './fleet.js';

test('five sites: a request is committed with two of them dead', async () => {
  const fleet = await TestFleet.start({ sites: 5 });
  const leader = await fleet.leader();
  const [a, b] = fleet.sites.filter((site) => site !== leader);
  a?.kill();
  b?.kill();
  const { reply, proof } = await fleet.serve('alice');
  assert.equal(reply.type, 'status');
  assert.ok(proof.certificate.signatures.length >= 3);
  await fleet.stop();
});

test('five sites: nothing is committed with three of them dead, and it goes on when one is back', async () => {
  const fleet = await TestFleet.start({ sites: 5 });
  const leader = await fleet.leader();
  const others = fleet.sites.filter((site) => site !== leader);
  for (const site of others.slice(0, 3)) site.kill();
  const answer = await fleet.time.finish(fleet.ask(leader, 'alice', { type: 'status' }));
  assert.equal(answer.type, 'unavailable');
  await fleet.time.run(10_000);
  assert.ok(fleet.sites.every((site) => site.of('committed').length === 0));
  await others[0]?.restart();
  assert.equal((await fleet.serve('alice')).reply.type, 'status');
  await fleet.stop();
});
