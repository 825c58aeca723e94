import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaultReply } from '@coffer/protocol';
import { Bench } from './bench.js';
import { holds, type Sealed, VaultUser } from './vault-user.js';

/**
 * Lost reply to each operation, executed again by another HSM: the same bytes, a new leader, the answer that
 * docs/spec/protocol.md's "executed again" column promises, and no second charge or grant.
 */
async function vault(password = 'right'): Promise<{ bench: Bench; ann: VaultUser }> {
  const bench = new Bench();
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register(password, { budgetMax: 3 });
  return { bench, ann };
}

/** Delivers, lets another HSM take over without the first, delivers again. */
function twice(bench: Bench, user: VaultUser, sealed: Sealed): [VaultReply | undefined, VaultReply | undefined] {
  const first = user.deliver(sealed);
  bench.lead(bench.leaderId === 2 ? 3 : 2);
  return [first, user.deliver(sealed)];
}

test('status: the same', async () => {
  const { bench, ann } = await vault();
  const [first, again] = twice(bench, ann, ann.seal({ type: 'status' }));
  assert.deepEqual(again, first);
});

test('register.start: another key, harmless', async () => {
  const { bench, ann } = await vault();
  const blinded = (await ann.begin('next')).started.response.subarray(0, 32);
  const [first, again] = twice(bench, ann, ann.seal({ type: 'register.start', blinded, authTicket: undefined }));
  assert.equal(first?.type === 'register.started' && again?.type === 'register.started', true);
  assert.notDeepEqual(again, first);
  assert.equal(ann.status().pending, undefined);
});

test('register.finish: the same answer; other bytes are stale', async () => {
  const { bench, ann } = await vault();
  const { started, finish } = await ann.begin('next');
  const [first, again] = twice(bench, ann, ann.seal(finish, started));
  assert.deepEqual(again, first);
  assert.deepEqual(again, { type: 'register.finished', version: 1 });
  assert.ok(finish.type === 'register.finish');
  const other = { ...finish, payload: Uint8Array.of(1) };
  assert.deepEqual(ann.ask(other, started), { type: 'stale-ticket' });
});

test('register.confirm: the same answer, no second budget', async () => {
  const { bench, ann } = await vault();
  const { started, finish, confirmSecret } = await ann.begin('next');
  const { version } = ann.expect('register.finished', finish, started);
  const confirm = ann.seal({ type: 'register.confirm', version, confirmSecret });
  const [first, again] = twice(bench, ann, confirm);
  assert.deepEqual(again, first);
  await ann.guess('wrong');
  ann.deliver(confirm);
  assert.equal(ann.status().budget, 2);
});

test('register.abandon: the same', async () => {
  const { bench, ann } = await vault();
  const { started, finish } = await ann.begin('next');
  ann.expect('register.finished', finish, started);
  const [first, again] = twice(bench, ann, ann.seal({ type: 'register.abandon', ticketId: started.ticketId }));
  assert.deepEqual(again, first);
});

test('recover.start: free while the attempt is open', async () => {
  const { bench, ann } = await vault();
  const [first, again] = twice(bench, ann, ann.seal(ann.ke1('right').request));
  assert.ok(first?.type === 'recover.started' && again?.type === 'recover.started');
  assert.equal(first.budget, 2);
  assert.equal(again.budget, 2);
  assert.equal(ann.status().failures, 1);
});

test('recover.start at budget 0: destroyed stays destroyed', async () => {
  const { bench, ann } = await vault();
  for (let i = 0; i < 3; i++) await ann.guess(`wrong ${i}`);
  const [first, again] = twice(bench, ann, ann.seal(ann.ke1('right').request));
  assert.deepEqual(first, { type: 'destroyed', version: 2 });
  assert.deepEqual(again, first);
});

test('recover.start after its attempt was closed: charged again', async () => {
  const { ann } = await vault();
  const { state, request } = ann.ke1('right');
  const sealed = ann.seal(request);
  const started = ann.deliver(sealed);
  assert.ok(started?.type === 'recover.started');
  ann.ask({ type: 'recover.finish', ke3: (await ann.ke3('right', state, started.ke2)) as Uint8Array }, started);
  assert.equal(ann.status().budget, 3);
  ann.deliver(sealed);
  assert.equal(ann.status().budget, 2);
});

test('recover.finish: the payload again, no second refund, no second authTicket', async () => {
  const { bench, ann } = await vault();
  const { state, request } = ann.ke1('right');
  const started = ann.ask(request);
  assert.ok(started.type === 'recover.started');
  const finish = { type: 'recover.finish', ke3: (await ann.ke3('right', state, started.ke2)) as Uint8Array } as const;
  const [first, again] = twice(bench, ann, ann.seal(finish, started));
  assert.ok(first?.type === 'recovered' && again?.type === 'recovered');
  assert.ok(first.authTicket !== undefined && again.authTicket === undefined);
  assert.ok(holds(again.payload, 'right'));
  assert.equal(ann.status().budget, 3);
});

test('refill: stale, harmless', async () => {
  const { bench, ann } = await vault();
  await ann.guess('wrong');
  const { authTicket } = await ann.unlock('right');
  assert.ok(authTicket);
  const [first, again] = twice(bench, ann, ann.seal({ type: 'refill', authTicket }));
  assert.deepEqual(first, { type: 'refilled', budget: 3 });
  assert.deepEqual(again, { type: 'stale-ticket' });
});

test('erase: the same receipt while it is true', async () => {
  const { bench, ann } = await vault();
  const sealed = ann.seal({ type: 'erase', version: 1 });
  const [first, again] = twice(bench, ann, sealed);
  assert.deepEqual(first, { type: 'erasure-receipt', version: 2 });
  assert.deepEqual(again, first);
  await ann.register('later');
  assert.deepEqual(ann.deliver(sealed), { type: 'stale-ticket' });
});
