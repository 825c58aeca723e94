import assert from 'node:assert/strict';
import test from 'node:test';
import { Agent, type AgentEvent, type AgentTuning, defaultTuning, pipelineDepthMax } from '@coffer/agent';
import { ProtocolError, type RoutedAnswer, type VaultId, verifyQuorumCertificate } from '@coffer/protocol';
import { ReplicaError } from '@coffer/replica';
import { Alarms } from '../dist/alarms.js';
import { CallQueue } from '../dist/call-queue.js';
import { CapCollector } from '../dist/cap-collector.js';
import { Lane, Signal, within } from '../dist/concurrency.js';
import { type AgentContext, logError } from '../dist/context.js';
import { checkTuning } from '../dist/tuning.js';
import { TestFleet, type TestSite } from './fleet.js';
import { VirtualTime } from './virtual-time.js';

const indexKey = new Uint8Array(32);

function vault(n: number): VaultId {
  return new Uint8Array(32).fill(n) as VaultId;
}

test('call queue: one call for each record, in order, and what does not fit waits in front', () => {
  const queue = new CallQueue(6);
  const answers: RoutedAnswer[] = [];
  const add = (n: number): boolean =>
    queue.add(indexKey, { vaultId: vault(n), request: new Uint8Array([n]), answer: (answer) => answers.push(answer) });
  for (const n of [1, 1, 2, 3, 2, 1]) assert.ok(add(n));
  assert.equal(add(4), false);
  const first = queue.take(2);
  assert.deepEqual(
    first.map(({ request }) => request[0]),
    [1, 2],
  );
  queue.putBack(first.slice(1));
  assert.deepEqual(
    queue.take(9).map(({ request }) => request[0]),
    [2, 1, 3],
  );
  assert.deepEqual(
    queue.take(9).map(({ request }) => request[0]),
    [2, 1],
  );
  assert.equal(queue.size, 0);
  assert.ok(add(5));
  queue.drain({ type: 'bad-request' });
  assert.deepEqual(answers, [{ type: 'bad-request' }]);
});

async function capOf(site: TestSite) {
  const reply = await site.call({ type: 'capture', group: 0, entries: [] });
  if (reply.type !== 'captured') throw new Error(reply.type);
  return reply.cap;
}

test('cap collector: a quorum with our own, and no forged cap among them', async () => {
  const fleet = new TestFleet({ sites: 5 });
  const { descriptor } = fleet;
  const caps = [];
  for (const site of fleet.sites) caps.push(await capOf(site));
  const [one, two, three, four] = caps as [(typeof caps)[0], (typeof caps)[0], (typeof caps)[0], (typeof caps)[0]];
  const collector = new CapCollector(descriptor, 0, 1, one.statement.term);
  assert.equal(collector.add(two), undefined, 'nothing is expected yet');
  collector.expect(one.statement);
  assert.throws(() => collector.add({ ...two, signature: three.signature }), ProtocolError);
  for (const cap of [two, two, three, four]) assert.equal(collector.add(cap), undefined);
  const certificate = collector.add(one);
  assert.ok(certificate);
  assert.equal(verifyQuorumCertificate(descriptor, certificate).signatures.length, 4);
  assert.equal(collector.add(caps[4] as typeof one), undefined, 'certified once');
});

test('lane: in order, and past a task that fails', async () => {
  const lane = new Lane();
  const ran: number[] = [];
  const first = lane.run(async () => {
    await Promise.resolve();
    ran.push(1);
    throw new Error('first');
  });
  const second = lane.run(async () => ran.push(2));
  await assert.rejects(first, /first/);
  await second;
  assert.deepEqual(ran, [1, 2]);
});

test('signal: a notification that came before the wait counts, once', async () => {
  const time = new VirtualTime();
  const signal = new Signal();
  signal.notify();
  await time.finish(signal.wait(time, 1_000_000), 0);
  const startMs = time.nowMs();
  await time.finish(signal.wait(time, 500));
  assert.equal(time.nowMs() - startMs, 500);
});

test('within: late is an error with its code, in time is a value', async () => {
  const time = new VirtualTime();
  assert.equal(await within(time, 10, Promise.resolve(7), 'hsm-unavailable', 'x'), 7);
  await assert.rejects(time.finish(within(time, 10, new Promise(() => undefined), 'hsm-unavailable', 'x')), {
    code: 'hsm-unavailable',
  });
});

test('an alarm says that the replica is damaged only for what it holds, never for what somebody offered', () => {
  const raisedBy = (code: ReplicaError['code']): readonly string[] => {
    const log = (_: AgentEvent): void => undefined;
    const alarms = new Alarms(log);
    logError({ alarms, ports: { log } } as unknown as AgentContext, 1, 'push', new ReplicaError(code, 'test'));
    return alarms.standing.map((alarm) => `${alarm.group} ${alarm.code}`);
  };
  assert.deepEqual(raisedBy('corrupt'), ['1 replica-damaged']);
  assert.deepEqual(raisedBy('certificates-differ'), ['1 replica-damaged']);
  for (const code of ['forked', 'not-next', 'bad-entry', 'bad-root', 'bad-certificate', 'older-snapshot'] as const)
    assert.deepEqual(raisedBy(code), [], code);
});

test('tuning: the edges of each range', async () => {
  const good = (change: Partial<AgentTuning>): unknown => checkTuning({ ...defaultTuning, ...change });
  const bad = (change: Partial<AgentTuning>): void =>
    assert.throws(() => good(change), { code: 'bad-options' }, JSON.stringify(change));
  good({ pipelineDepth: pipelineDepthMax, batchRequests: 256, leaseMs: 30, gatherMs: 0, queueCallsMax: 1 });
  for (const change of [
    { pipelineDepth: pipelineDepthMax + 1 },
    { pipelineDepth: 0 },
    { batchRequests: 257 },
    { batchRequests: 0 },
    { leaseMs: 29 },
    { leaseMs: 600_001 },
    { gatherMs: -1 },
    { windowEntries: 0 },
    { queueCallsMax: 1.5 },
  ]) {
    bad(change);
  }
  const fleet = new TestFleet({ sites: 1 });
  const ports = {} as never;
  await assert.rejects(Agent.start({ fleet: fleet.descriptor, memberId: 2, ports }), { code: 'bad-options' });
});
