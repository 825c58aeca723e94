import assert from 'node:assert/strict';
import test from 'node:test';
import { TestFleet } from './fleet.js';

async function serveMany(fleet: TestFleet, count: number, batches = 1): Promise<void> {
  const leader = await fleet.leader();
  for (let batch = 0; batch < batches; batch++) {
    const answers = fleet.accounts(count).map((account) => fleet.ask(leader, account, { type: 'status' }));
    for (const answer of await fleet.time.finish(Promise.all(answers))) assert.equal(answer.type, 'committed');
  }
}

test('a site that was down follows the log when it is back, without any traffic', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const away = fleet.sites.find((site) => site !== leader);
  away?.kill();
  await serveMany(fleet, 3, 10);
  await away?.restart();
  assert.ok(await fleet.converged());
  assert.equal(away?.of('caught-up').at(-1)?.how, 'entries');
  await fleet.stop();
});

test('a deleted replica is copied from another site, root checked, and its HSM goes on', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const hurt = fleet.sites.find((site) => site !== leader);
  await serveMany(fleet, 5, 3);
  assert.ok(await fleet.converged());
  hurt?.kill();
  hurt?.loseReplica();
  await hurt?.restart();
  assert.ok(await fleet.converged());
  assert.deepEqual(hurt?.replica.tip(0), leader.replica.tip(0));
  assert.equal(hurt?.replica.describe()[0]?.records, 5n);
  await serveMany(fleet, 2);
  assert.ok(await fleet.converged());
  await fleet.stop();
});

test('where the log does not go back far enough, a snapshot is copied', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { windowEntries: 4 } });
  const leader = await fleet.leader();
  const hurt = fleet.sites.find((site) => site !== leader);
  hurt?.kill();
  await serveMany(fleet, 4, 20);
  hurt?.loseReplica();
  await hurt?.restart();
  assert.ok(await fleet.converged());
  assert.equal(hurt?.of('caught-up').at(-1)?.how, 'snapshot');
  assert.deepEqual(hurt?.replica.tip(0), leader.replica.tip(0));
  assert.ok((leader.replica.describe()[0]?.oldestEntry ?? 0n) > 1n);
  await fleet.stop();
});

test('a snapshot is copied while requests go on', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { windowEntries: 4 } });
  const leader = await fleet.leader();
  const hurt = fleet.sites.find((site) => site !== leader);
  hurt?.kill();
  await serveMany(fleet, 4, 20);
  hurt?.loseReplica();
  await hurt?.restart();
  for (let i = 0; i < 10; i++) await serveMany(fleet, 4);
  assert.ok(await fleet.converged());
  assert.deepEqual(hurt?.replica.tip(0), leader.replica.tip(0));
  await fleet.stop();
});

test('a leader that loses its replica gives way, and the fleet serves on', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await serveMany(fleet, 3, 3);
  leader.kill();
  leader.loseReplica();
  await leader.restart();
  await fleet.serve('alice');
  assert.ok(await fleet.converged());
  assert.equal(leader.replica.describe()[0]?.records, 4n);
  await fleet.stop();
});

test('data that nobody reachable holds stops the group with an alarm, and it never goes on from an older state', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  await fleet.leader();
  await serveMany(fleet, 3, 3);
  assert.ok(await fleet.converged());
  const index = fleet.site(1).position().index;
  for (const site of fleet.sites) {
    site.kill();
    site.loseReplica();
  }
  fleet.ledgerForgets = true;
  await fleet.ledgerStore.open().trim(0, index);
  for (const site of fleet.sites) await site.restart();
  await fleet.time.run(30_000);
  for (const site of fleet.sites) {
    assert.equal(site.position().index, index);
    const status = site.agent && (await fleet.time.finish(site.agent.status()));
    assert.equal(status?.groups[0]?.leading, false);
  }
  const alarms = fleet.sites.flatMap((site) => site.of('alarm')).map(({ alarm }) => alarm);
  assert.ok(alarms.some((alarm) => alarm.code === 'missing-data' && alarm.index === index.toString()));
  await fleet.stop();
});
