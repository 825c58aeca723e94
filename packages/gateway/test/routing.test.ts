import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemEntropy } from '@coffer/crypto';
import { groupOf, vaultIdOf } from '@coffer/protocol';
import { bench, committed } from './harness.js';

const first = (fleet: ReturnType<typeof bench>['fleet']): number =>
  (groupOf(vaultIdOf('example', 'alice'), fleet.groups) % 3) + 1;
const next = (memberId: number): number => (memberId % 3) + 1;

test('a hint is followed, and the leader is remembered', async () => {
  const { post, agents, fleet } = bench();
  const start = first(fleet);
  const leader = next(next(start));
  agents.answer = (memberId) => (memberId === leader ? committed(fleet) : { type: 'not-leader', leaderId: leader });
  await post();
  await post();
  assert.deepEqual(agents.members, [start, leader, leader]);
});

test('a wrong hint, a hint to oneself and a hint to nobody only cost a try', async () => {
  for (const hinted of [0, 9, 65_535, 'self'] as const) {
    const { post, agents, fleet } = bench();
    const start = first(fleet);
    const leader = next(next(start));
    agents.answer = (memberId) =>
      memberId === leader ? committed(fleet) : { type: 'not-leader', leaderId: hinted === 'self' ? memberId : hinted };
    assert.equal((await post()).status, 200);
    assert.deepEqual(agents.members, [start, next(start), leader]);
  }
});

test('the leader dies: the others are tried, and the new one is remembered', async () => {
  const { post, agents, fleet } = bench();
  const old = first(fleet);
  await post();
  const fresh = next(old);
  agents.answer = (memberId) => (memberId === fresh ? committed(fleet) : 'down');
  await post();
  await post();
  assert.deepEqual(agents.members, [old, old, fresh, fresh]);
});

test('an election under way: the call waits for it, round after round', async () => {
  const { post, agents, fleet, time } = bench();
  const electedAtMs = time.ms + 900;
  agents.answer = (memberId) =>
    memberId === 2 && time.ms >= electedAtMs ? committed(fleet) : { type: 'not-leader', leaderId: 0 };
  assert.equal((await post()).status, 200);
  assert.ok(time.ms >= electedAtMs && time.ms < electedAtMs + 500);
});

test('a broken agent is passed over', async () => {
  const { post, agents, fleet } = bench();
  const start = first(fleet);
  agents.answer = (memberId) => (memberId === start ? systemEntropy.bytes(50) : committed(fleet));
  assert.equal((await post()).status, 200);
  agents.answer = (memberId) => (memberId === next(start) ? { type: 'unknown-fleet' } : committed(fleet));
  assert.equal((await post()).status, 200);
});

test('the time for one call is bounded, however slow the agents are', async () => {
  const { post, agents, time } = bench({ routeMs: 3_000, agentMs: 1_000 });
  agents.answer = () => {
    time.ms += 1_000;
    return 'down';
  };
  const before = time.ms;
  assert.equal((await post()).status, 503);
  assert.equal(time.ms - before, 3_000);
});
