import assert from 'node:assert/strict';
import test from 'node:test';
import { asideMsMax } from '@coffer/agent';
import { roundStepMax } from '@coffer/hsm';
import { compareTerms } from '@coffer/protocol';
import { TestFleet } from './fleet.js';

const leaseMs = 3_000;

for (const sites of [3, 5]) {
  test(`${sites} sites: a dead leader is replaced and requests are served within two lease periods`, async () => {
    const fleet = await TestFleet.start({ sites, tuning: { leaseMs } });
    const first = await fleet.leader();
    await fleet.serve('alice');
    first.kill();
    const diedAtMs = fleet.time.nowMs();
    const { reply } = await fleet.serve('bob');
    assert.equal(reply.type, 'status');
    const tookMs = fleet.time.nowMs() - diedAtMs;
    assert.ok(tookMs <= 2 * leaseMs, `took ${tookMs} ms`);
    await fleet.stop();
  });
}

test('what the old leader had committed is still there, and its restarted site follows', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const first = await fleet.leader();
  for (const account of fleet.accounts(5)) await fleet.serve(account);
  const committed = first.position().index;
  first.kill();
  const second = await fleet.leader();
  assert.notEqual(second, first);
  await fleet.serve('alice');
  await first.restart();
  assert.ok(await fleet.converged());
  assert.equal(first.position().index, committed + 1n);
  assert.equal(first.position().leading, false);
  await fleet.stop();
});

test('leaders of groups are spread over the sites', async () => {
  const fleet = await TestFleet.start({ sites: 3, groups: 3 });
  const leaders = [];
  for (let group = 0; group < 3; group++) leaders.push((await fleet.leader(group)).memberId);
  assert.deepEqual(leaders, [1, 2, 3]);
  await fleet.stop();
});

test('an HSM that restarts under its leader needs a new term', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await fleet.serve('alice');
  const term = leader.position().capTerm;
  leader.bootHsm();
  assert.equal(leader.position().leading, false);
  await fleet.serve('bob');
  const next = await fleet.leader();
  assert.ok(compareTerms(next.position().capTerm, term) > 0);
  assert.ok(leader.of('stepped-down').length > 0);
  await fleet.stop();
});

test('two leaders: the one that was cut off is fenced, and nothing of it is released', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const first = await fleet.leader();
  fleet.isolate(first.memberId);
  // The ledger is still reachable from both sides: only peers are cut off.
  const lost = fleet.ask(first, 'alice', { type: 'status' });
  const answer = await fleet.time.finish(lost);
  assert.ok(answer.type === 'unavailable' || answer.type === 'not-leader', answer.type);
  const served = await fleet.serve('bob');
  assert.equal(served.reply.type, 'status');
  const second = await fleet.leader();
  assert.notEqual(second, first);
  assert.deepEqual(first.of('committed'), []);
  fleet.heal();
  assert.ok(await fleet.converged());
  await fleet.stop();
});

test('a leader that another one has fenced in the ledger steps down without capturing', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const { capTerm, index } = leader.position();
  await fleet.ledgerStore.open().raiseTerm(0, { round: capTerm.round + 5n, leaderId: 2 });
  const answer = await fleet.time.finish(fleet.ask(leader, 'alice', { type: 'status' }));
  assert.equal(answer.type, 'unavailable');
  assert.equal(leader.of('stepped-down')[0]?.reason, 'fenced');
  assert.equal(leader.position().index, index);
  await fleet.serve('alice');
  const next = await fleet.leader();
  assert.ok(next.position().capTerm.round > capTerm.round + 5n);
  await fleet.stop();
});

test('an agent that does not lead says who does', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await fleet.time.run(500);
  for (const site of fleet.sites) {
    if (site === leader) continue;
    const answer = await fleet.time.finish(fleet.ask(site, 'alice', { type: 'status' }));
    assert.deepEqual(answer, { type: 'not-leader', leaderId: leader.memberId });
  }
  await fleet.stop();
});

test('a leader that stops hands its lease over at once', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { leaseMs } });
  const leader = await fleet.leader();
  await fleet.time.run(5_000);
  await fleet.time.finish(leader.agent?.stop() ?? Promise.resolve());
  leader.agent = undefined;
  const stoppedAtMs = fleet.time.nowMs();
  await fleet.serve('alice');
  assert.ok(fleet.time.nowMs() - stoppedAtMs <= 1.5 * leaseMs);
  await fleet.stop();
});

test('a term that somebody raised out of reach of one step is climbed', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const { capTerm } = leader.position();
  const round = capTerm.round + 3n * roundStepMax;
  await fleet.ledgerStore.open().raiseTerm(0, { round, leaderId: 2 });
  await fleet.serve('alice');
  assert.ok((await fleet.leader()).position().capTerm.round > round);
  await fleet.stop();
});

test('a site that has promised a term which nobody leads is brought back by a new term', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await fleet.serve('alice');
  const stuck = fleet.sites.find((site) => site !== leader);
  const t = { round: leader.position().capTerm.round + 7n, leaderId: stuck?.memberId ?? 0 };
  assert.equal((await stuck?.call({ type: 'promise', group: 0, t, nonce: new Uint8Array(32) }))?.type, 'promised');
  await fleet.serve('bob');
  const isBack = (): boolean => (stuck?.position().capTerm.round ?? 0n) > t.round;
  assert.ok(await fleet.time.runUntil(isBack, 30_000));
  assert.ok(await fleet.converged());
  await fleet.stop();
});

test('a fleet of one site serves, and serves again after a restart', async () => {
  const fleet = await TestFleet.start({ sites: 1 });
  await fleet.serve('alice');
  fleet.site(1).kill();
  await fleet.site(1).restart();
  const { proof } = await fleet.serve('alice');
  assert.equal(proof.entries[0]?.index, 2n);
  await fleet.stop();
});

test('a leader that stands aside is replaced by whoever does not; it loses nothing, and the time has a limit', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { leaseMs } });
  const first = await fleet.leader();
  await fleet.serve('alice');
  const [other, third] = fleet.sites.filter((site) => site !== first);
  assert.ok(first.agent && other?.agent && third);
  for (const bad of [
    [3, 0],
    [0, -1],
    [0, asideMsMax + 1],
    [0, 0.5],
    ['0', 1],
  ] as [number, number][]) {
    assert.throws(() => first.agent?.standAside(...bad), { code: 'bad-options' }, String(bad));
  }
  const startedAtMs = fleet.time.nowMs();
  other.agent.standAside(0, asideMsMax);
  first.agent.standAside(0, asideMsMax);
  const { reply } = await fleet.serve('bob');
  assert.equal(reply.type, 'status');
  assert.equal(await fleet.leader(), third);
  assert.ok(fleet.time.nowMs() - startedAtMs <= 2 * leaseMs, 'within two lease periods');
  assert.ok(first.of('stepped-down').some(({ reason }) => reason === 'stood-aside'));
  // When nobody else is left, the time that they gave is all that is lost.
  third.kill();
  await fleet.leader(0, asideMsMax + 2 * leaseMs);
  await fleet.stop();
});

test('a site that is cut off from its peers but not from the ledger does not keep the lease', async () => {
  const fleet = new TestFleet({ sites: 3 });
  fleet.isolate(1);
  for (const site of fleet.sites) await site.start();
  const startedAtMs = fleet.time.nowMs();
  await fleet.serve('alice');
  assert.notEqual((await fleet.leader()).memberId, 1);
  assert.ok(fleet.time.nowMs() - startedAtMs < 3 * leaseMs);
  await fleet.stop();
});

test('a leader that loses the ledger gives way to one that has it', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { leaseMs } });
  const leader = await fleet.leader();
  await fleet.serve('alice');
  await leader.ledger.close();
  const lostAtMs = fleet.time.nowMs();
  const answer = await fleet.time.finish(fleet.ask(leader, 'bob', { type: 'status' }));
  assert.equal(answer.type, 'unavailable');
  await fleet.serve('bob');
  assert.notEqual(await fleet.leader(), leader);
  assert.ok(fleet.time.nowMs() - lostAtMs <= 2 * leaseMs);
  assert.ok(await fleet.converged());
  await fleet.stop();
});

test('status tells what an operator needs, also while the HSM is away', async () => {
  const fleet = await TestFleet.start({ sites: 3, groups: 2 });
  await fleet.serve(fleet.accounts(1)[0] as string);
  const leader = await fleet.leader();
  const up = await fleet.time.finish(leader.agent?.status() ?? Promise.reject(new Error('down')));
  assert.deepEqual(JSON.parse(JSON.stringify(up)), up);
  assert.deepEqual([up.member, up.site, up.hsm, up.platform], [1, 'site-1', 'up', 'SIMULATED HARDWARE']);
  assert.deepEqual(up.groups[0], {
    group: 0,
    leading: true,
    leaderId: 1,
    term: { round: '1', leaderId: 1 },
    index: '1',
    certifiedIndex: '1',
    replicaIndex: '1',
  });
  leader.hsm = undefined;
  const down = await fleet.time.finish(leader.agent?.status() ?? Promise.reject(new Error('down')));
  assert.equal(down.hsm, 'down');
  assert.equal(down.groups[0]?.index, '1');
  leader.bootHsm();
  await fleet.stop();
});

test('an HSM that halted is an alarm until it answers again, also while its process is gone', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { leaseMs } });
  const site = fleet.sites[1] as (typeof fleet.sites)[0];
  const { agent } = site;
  const status = () => fleet.time.finish(agent?.status() ?? Promise.reject(new Error('down')));
  const halts = async () => (await status()).alarms.filter(({ code }) => code === 'hsm-halted').length;
  site.hsm?.close();
  assert.equal((await status()).hsm, 'halted');
  // Its last word was `halted`; then the process ends.
  site.hsm = undefined;
  assert.equal((await status()).hsm, 'halted');
  await fleet.time.run(2 * leaseMs);
  assert.deepEqual([(await status()).hsm, await halts()], ['halted', 1]);
  site.bootHsm();
  assert.equal((await status()).hsm, 'up');
  await fleet.time.run(2 * leaseMs);
  assert.equal(await halts(), 0);
  await fleet.stop();
});
