import assert from 'node:assert/strict';
import test from 'node:test';
import { decodePeerReply, encodePeerMessage } from '../dist/peer-messages.js';
import { TestFleet } from './fleet.js';

test('a push whose earlier entries are nowhere to be had is not captured, and the site catches up when they are', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const away = fleet.sites.find((site) => site !== leader);
  assert.ok(away);
  await fleet.serve('alice');
  await fleet.converged();
  fleet.isolate(away.memberId);
  for (const account of fleet.accounts(3)) await fleet.serve(account);
  const before = away.position();

  // The newest entry arrives alone; peers and ledger are out of reach.
  const { configHash } = fleet.descriptor;
  const { index, capTerm: term } = leader.position();
  const fetch = encodePeerMessage({
    configHash,
    from: away.memberId,
    body: { type: 'fetch', group: 0, fromIndex: index },
  });
  const fetched = decodePeerReply((await leader.agent?.handlePeer(fetch)) as Uint8Array);
  assert.ok(fetched.type === 'entries');
  await away.ledger.close();
  const body = {
    type: 'push',
    group: 0,
    term,
    view: undefined,
    entries: fetched.entries,
    certificate: undefined,
  } as const;
  const push = encodePeerMessage({ configHash, from: leader.memberId, body });
  const reply = await fleet.time.finish(away.agent?.handlePeer(push) ?? Promise.reject(new Error('down')));
  assert.deepEqual(decodePeerReply(reply), { type: 'error', code: 'missing-data' });
  assert.deepEqual(away.position(), before);

  fleet.heal();
  assert.ok(await fleet.converged());
  assert.equal(away.position().index, index);
  await fleet.stop();
});

test('a replica that cannot store stops its HSM from capturing, and the others go on', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await fleet.serve('alice');
  await fleet.converged();
  const broken = fleet.sites.find((site) => site !== leader);
  assert.ok(broken);
  const before = broken.position();
  broken.replica.close();
  assert.equal((await fleet.serve('bob')).reply.type, 'status');
  assert.deepEqual(broken.position(), before);
  broken.kill();
  broken.openReplica();
  await broken.restart();
  assert.ok(await fleet.converged());
  await fleet.stop();
});

test('calls of one record go into one batch each, in order; different ones share a batch', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  const same = [1, 2, 3].map(() => fleet.ask(leader, 'alice', { type: 'status' }));
  const others = fleet.accounts(5).map((account) => fleet.ask(leader, account, { type: 'status' }));
  const answers = await fleet.time.finish(Promise.all([...same, ...others]));
  const indexes = answers.map((answer) => answer.type === 'committed' && answer.proof.entries[0]?.index);
  assert.equal(new Set(indexes.slice(0, 3)).size, 3);
  const batches = new Set(indexes);
  assert.ok(batches.size <= 4, `${batches.size} batches`);
  await fleet.stop();
});

test('one certificate can cover several entries, and every proof still verifies', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { batchRequests: 1, pipelineDepth: 4 } });
  const leader = await fleet.leader();
  const asked = fleet.accounts(24).map((account) => fleet.ask(leader, account, { type: 'status' }));
  const answers = await fleet.time.finish(Promise.all(asked));
  assert.ok(answers.every((answer) => answer.type === 'committed'));
  assert.equal(leader.of('committed').length, 24);
  assert.ok(answers.some((answer) => answer.type === 'committed' && answer.proof.entries.length > 1));
  await fleet.stop();
});

test('a full queue answers unavailable with a time to wait', async () => {
  const fleet = await TestFleet.start({ sites: 3, tuning: { queueCallsMax: 2, retryAfterMs: 321 } });
  const leader = await fleet.leader();
  const asked = fleet.accounts(6).map((account) => fleet.ask(leader, account, { type: 'status' }));
  const answers = await fleet.time.finish(Promise.all(asked));
  const refused = answers.filter(({ type }) => type === 'unavailable');
  assert.ok(refused.length >= 3 && answers.some(({ type }) => type === 'committed'));
  assert.deepEqual(refused[0], { type: 'unavailable', retryAfterMs: 321 });
  await fleet.stop();
});
