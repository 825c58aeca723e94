import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaultReply } from '@coffer/protocol';
import { Bench } from './bench.js';
import { loadMutant, type Patch } from './mutant.js';
import { VaultUser } from './vault-user.js';

/** A vault that was never written starts two versions before the last: nobody can wait for four billion erasures. */
const nearTheEnd: Patch = {
  file: 'hsm/dist/record.js',
  find: 'export const absentRecord = { version: 0,',
  replace: 'export const absentRecord = { version: 0xfffffffd,',
};

async function nearlyWornOut(without: readonly Patch[] = []) {
  const modules = await loadMutant(`version limit ${without.length}`, [nearTheEnd, ...without]);
  const bench = new Bench({ modules });
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax: 1 });
  assert.equal(ann.status().version, 0xffff_fffe);
  return { bench, ann };
}

/** A second registration, up to what its confirm answers. */
async function confirmAnother(ann: VaultUser): Promise<VaultReply> {
  const { started, finish, confirmSecret } = await ann.begin('next', { budgetMax: 1 });
  const { version } = ann.expect('register.finished', finish, started);
  return ann.ask({ type: 'register.confirm', version, confirmSecret });
}

test('the last version but one: confirm and erase answer limit, and the live secret goes on working', async () => {
  const { ann } = await nearlyWornOut();
  assert.deepEqual(await confirmAnother(ann), { type: 'limit' });
  assert.deepEqual(ann.ask({ type: 'erase', version: 0xffff_fffe }), { type: 'limit' });
  assert.equal((await ann.unlock('right')).version, 0xffff_fffe);
});

test('the last version is kept for the destruction, and then nothing changes any more', async () => {
  const { bench, ann } = await nearlyWornOut();
  await ann.guess('wrong');
  assert.deepEqual(await ann.guess('right'), { type: 'destroyed', version: 0xffff_ffff });
  assert.deepEqual(await ann.guess('right'), { type: 'destroyed', version: 0xffff_ffff });
  assert.deepEqual(await confirmAnother(ann), { type: 'limit' });
  assert.deepEqual(ann.ask({ type: 'erase', version: 0xffff_ffff }), { type: 'limit' });
  assert.deepEqual(ann.ask({ type: 'erase', version: 0xffff_fffe }), { type: 'stale-ticket' });
  assert.equal(ann.status().state, 'destroyed');
  for (const { hsm } of bench.members) assert.equal(hsm.halted, false);
});

test('without the limit a vault at the last version could not be destroyed', async () => {
  const { ann } = await nearlyWornOut([
    { file: 'hsm/dist/vault/register.js', find: 'if (version >= versionMax)', replace: 'if (false)' },
  ]);
  const confirmed = await confirmAnother(ann);
  assert.ok(confirmed.type === 'register.confirmed' && confirmed.version === 0xffff_ffff);
  await ann.guess('wrong');
  // The next version does not fit its reply, so the guess after the last one changes nothing.
  assert.equal(ann.deliver(ann.seal(ann.ke1('right').request)), undefined);
  assert.equal(ann.status().state, 'live');
});
