import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './bench.js';
import { holds, VaultUser } from './vault-user.js';

function fresh(options = {}): { bench: Bench; ann: VaultUser } {
  const bench = new Bench(options);
  bench.lead(1);
  return { bench, ann: new VaultUser(bench, 'ann') };
}

test('a vault that was never written has no state and full absence', () => {
  const { ann } = fresh();
  const { type: _, ...status } = ann.status();
  assert.deepEqual(status, {
    state: 'none',
    version: 0,
    budgetMax: 0,
    budget: 0,
    failures: 0,
    resets: 0,
    pending: undefined,
  });
});

test('register, unlock: the payload comes back and the guess is refunded', async () => {
  const { ann } = fresh();
  const { confirmed } = await ann.register('correct horse', { budgetMax: 3 });
  assert.equal(confirmed.version, 1);
  assert.equal(confirmed.budget, 3);
  const recovered = await ann.unlock('correct horse');
  assert.ok(holds(recovered.payload, 'correct horse'));
  assert.equal(recovered.budget, 3);
  assert.equal(ann.status().failures, 0);
});

test('a wrong guess costs one and stays spent when the right one follows', async () => {
  const { ann } = fresh();
  await ann.register('right', { budgetMax: 3 });
  const wrong = await ann.guess('wrong');
  assert.deepEqual(wrong, { type: 'wrong-secret', budget: 2 });
  const recovered = await ann.unlock('right');
  assert.equal(recovered.budget, 2, 'a success refunds its own guess and nothing else');
  assert.equal(recovered.openAttempts.length, 1);
});

test('the guess after the last one destroys, for the right password too', async () => {
  const { ann } = fresh();
  await ann.register('right', { budgetMax: 2 });
  await ann.guess('wrong 1');
  assert.deepEqual(await ann.guess('wrong 2'), { type: 'wrong-secret', budget: 0 });
  assert.equal(ann.status().state, 'live', 'status never destroys');
  assert.deepEqual(await ann.guess('right'), { type: 'destroyed', version: 2 });
  assert.deepEqual(await ann.guess('right'), { type: 'destroyed', version: 2 });
  assert.equal(ann.status().state, 'destroyed');
});

test('budget at 1 and at the limit', async () => {
  const { ann, bench } = fresh({ budgetLimit: 4 });
  await ann.register('one', { budgetMax: 1 });
  assert.deepEqual(await ann.guess('wrong'), { type: 'wrong-secret', budget: 0 });
  assert.equal((await ann.guess('one')).type, 'destroyed');
  const bob = new VaultUser(bench, 'bob');
  await bob.register('max', { budgetMax: 4 });
  for (let left = 3; left >= 0; left--)
    assert.deepEqual(await bob.guess('wrong'), { type: 'wrong-secret', budget: left });
  assert.equal((await bob.guess('wrong')).type, 'destroyed');
});

test('a budget of 0 or above the limit of the fleet is refused', async () => {
  const { ann } = fresh({ budgetLimit: 4 });
  for (const budgetMax of [0, 5]) {
    const { started, finish } = await ann.begin('p', { budgetMax });
    assert.deepEqual(ann.ask(finish, started), { type: 'limit' });
  }
  assert.equal(ann.status().pending, undefined);
});

test('a refill needs an authTicket of right now, and fills up once', async () => {
  const { ann } = fresh();
  await ann.register('right', { budgetMax: 3 });
  await ann.guess('wrong');
  const { authTicket } = await ann.unlock('right');
  assert.ok(authTicket);
  assert.deepEqual(ann.ask({ type: 'refill', authTicket }), { type: 'refilled', budget: 3 });
  assert.deepEqual(ann.ask({ type: 'refill', authTicket }), { type: 'stale-ticket' });
});

test('a pending registration answers no recovery, and a live one goes on until the confirm', async () => {
  const { ann } = fresh();
  const first = await ann.begin('first');
  ann.expect('register.finished', first.finish, first.started);
  assert.equal((await ann.guess('first')).type, 'not-registered');
  await ann.register('live');
  const next = await ann.begin('next');
  ann.expect('register.finished', next.finish, next.started);
  assert.ok(holds((await ann.unlock('live')).payload, 'live'));
  assert.equal((await ann.guess('next')).type, 'wrong-secret');
});

test('an authenticated change of password is no reset, an unauthenticated one is counted', async () => {
  const { ann } = fresh();
  await ann.register('one');
  const { authTicket } = await ann.unlock('one');
  assert.ok(authTicket);
  const changed = await ann.register('two', { authTicket });
  assert.equal(changed.confirmed.resets, 0);
  assert.ok(holds((await ann.unlock('two')).payload, 'two'));
  const reset = await ann.register('three');
  assert.equal(reset.confirmed.resets, 1);
  assert.equal(reset.confirmed.version, 3);
});

test('abandon drops the named pending registration only', async () => {
  const { ann } = fresh();
  const { started, finish, confirmSecret } = await ann.begin('p');
  const { version } = ann.expect('register.finished', finish, started);
  ann.expect('register.abandoned', { type: 'register.abandon', ticketId: new Uint8Array(32) });
  assert.deepEqual(ann.status().pending, started.ticketId);
  ann.expect('register.abandoned', { type: 'register.abandon', ticketId: started.ticketId });
  assert.equal(ann.status().pending, undefined);
  assert.deepEqual(ann.ask({ type: 'register.confirm', version, confirmSecret }), { type: 'stale-ticket' });
});

test('erase leaves a tombstone that keeps the version, and a new registration goes on from there', async () => {
  const { ann } = fresh();
  await ann.register('p');
  assert.deepEqual(ann.ask({ type: 'erase', version: 0 }), { type: 'stale-ticket' });
  assert.deepEqual(ann.ask({ type: 'erase', version: 1 }), { type: 'erasure-receipt', version: 2 });
  assert.deepEqual(
    ann.ask({ type: 'erase', version: 1 }),
    { type: 'erasure-receipt', version: 2 },
    'the same answer again',
  );
  assert.deepEqual(await ann.guess('p'), { type: 'erased', version: 2 });
  const again = await ann.register('q');
  assert.equal(again.confirmed.version, 3);
  assert.deepEqual(ann.ask({ type: 'erase', version: 1 }), { type: 'stale-ticket' });
});

test('the record of one vault says nothing about another', async () => {
  const { ann, bench } = fresh();
  const bob = new VaultUser(bench, 'bob');
  await ann.register('ann');
  await bob.register('bob');
  await ann.guess('wrong');
  assert.equal(bob.status().failures, 0);
  assert.ok(holds((await bob.unlock('bob')).payload, 'bob'));
});

test('bytes that do not open change nothing and stop nothing', async () => {
  const { ann, bench } = fresh();
  await ann.register('p');
  const sealed = ann.seal({ type: 'status' });
  for (const at of [0, 1, 500, sealed.sealed.length - 1]) {
    const flipped = sealed.sealed.slice();
    flipped[at] = (flipped[at] as number) ^ 1;
    assert.equal(bench.send(ann.vaultId, flipped), undefined);
  }
  assert.equal(bench.send(ann.vaultId, new Uint8Array(0)), undefined);
  assert.equal(ann.status().version, 1);
  const malformedKe1 = ann.seal({ type: 'recover.start', ke1: new Uint8Array(96).fill(255) });
  assert.equal(bench.send(ann.vaultId, malformedKe1.sealed), undefined);
  assert.equal(ann.status().failures, 0);
});
