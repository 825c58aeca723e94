import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '@coffer/base';
import { verifyErasureReceipt } from '@coffer/client';
import { dayMs } from '@coffer/transparency/testing';
import { backupKey, Phone, protectedOnA, publishB, Service, unlockedOr, warningTypes } from './fleets-harness.js';
import { code, PowerCut, vaultId } from './harness.js';

test('at the next unlock the vault moves to the newest fleet: confirmed there, then erased on the old one', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.ok(outcome.isMoved);
  assert.deepEqual([outcome.version, outcome.budget, outcome.failures], [1, 3, 0]);
  assert.deepEqual(warningTypes(outcome), []);
  const order = ['A recover.finish', 'B register.finish', 'B register.confirm', 'A erase'];
  assert.deepEqual(
    service.log.filter((step) => order.includes(step)),
    order,
  );
  const [a, b] = [service.of('A').vault, service.of('B').vault];
  assert.deepEqual([a.state, b.state, b.live?.budgetMax, b.version, b.resets], ['erased', 'live', 3, 1, 0]);
  assert.equal(outcome.receipts.length, 1);
  assert.deepEqual(verifyErasureReceipt(service.of('A').fleet, outcome.receipts[0] as Uint8Array), {
    vaultId,
    version: 2,
  });

  service.log.length = 0;
  const again = unlockedOr(await vault.unlock('1234'));
  assert.ok(!again.isMoved && again.receipts.length === 0);
  assert.ok(
    service.log.every((step) => step.startsWith('B ')),
    service.log.join(),
  );
  assert.deepEqual(warningTypes(await vault.status()), []);
});

test('a wrong password moves nothing and costs one guess on one fleet', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  assert.deepEqual(await vault.unlock('0000'), { type: 'wrong-password', budget: 2 });
  assert.deepEqual([service.of('A').vault.charges, service.of('B').vault.state], [1, 'none']);
});

test('the new fleet is down: the person has the key, and the next unlock moves', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  service.down.add('B');
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(outcome.warnings.at(0), { type: 'move-failed', code: 'unavailable' });
  assert.equal(service.of('A').vault.state, 'live');
  service.down.clear();
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  assert.equal(service.of('A').vault.state, 'erased');
});

test('the old fleet is down after the move: the erasure is owed, said so, and made up for by resume', async () => {
  const { service, phone, vault } = await protectedOnA();
  publishB(service);
  phone.at = () => {
    if (service.log.at(-1) === 'B register.confirm') service.down.add('A');
  };
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.ok(outcome.isMoved);
  assert.deepEqual(warningTypes(outcome), ['old-vault']);
  assert.deepEqual(warningTypes(await vault.status()), ['old-vault']);
  phone.at = () => undefined;
  service.down.clear();
  const reopened = await phone.open();
  assert.equal(await reopened.resume(), undefined);
  assert.equal(service.of('A').vault.state, 'erased');
  assert.deepEqual(warningTypes(await reopened.status()), []);
});

test('attack: a false erasure receipt without a proof leaves the erasure owed', async () => {
  const { service, vault } = await protectedOnA('1234', 3, new Service(['A', 'B'], 3));
  publishB(service);
  const a = service.of('A');
  a.tamper = (answer, { type }) => (type === 'erase' ? { ...answer, proof: a.prove(answer.reply, {}, [2]) } : answer);
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([outcome.receipts.length, warningTypes(outcome)], [0, ['old-vault']]);
  a.tamper = (answer) => answer;
  assert.equal(unlockedOr(await vault.unlock('1234')).receipts.length, 1);
});

test('attack: a confirm that no majority stands behind does not erase the old vault', async () => {
  const { service, vault } = await protectedOnA('1234', 3, new Service(['A', 'B'], 3));
  publishB(service);
  const b = service.of('B');
  b.tamper = (answer, { type }) =>
    type === 'register.confirm' ? { ...answer, proof: b.prove(answer.reply, {}, [3]) } : answer;
  assert.deepEqual(warningTypes(unlockedOr(await vault.unlock('1234'))).slice(0, 1), ['move-failed']);
  assert.deepEqual([service.of('A').vault.state, service.log.includes('A erase')], ['live', false]);
  b.tamper = (answer) => answer;
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  const finishes = b.seen.filter(({ request }) => request.type === 'register.finish');
  assert.equal(finishes.length, 1, 'the same registration went on');
});

test('attack: the old vault is changed between the unlock and its erasure: it stays, and is told about until it is gone', async () => {
  const { service, phone, vault } = await protectedOnA();
  publishB(service);
  const other = new Phone(service, {});
  phone.at = () => {
    if (service.log.at(-1) === 'B register.confirm' && service.of('A').vault.version === 1)
      service.of('A').vault.version++;
  };
  const outcome = unlockedOr(await vault.unlock('1234'));
  phone.at = () => undefined;
  assert.ok(outcome.isMoved);
  assert.deepEqual(outcome.warnings, [
    { type: 'old-vault', configHash: service.of('A').fleet.configHash, reason: 'superseded' },
  ]);
  assert.equal(service.of('A').vault.state, 'live', 'what was not unlocked is not erased');
  for (const again of [await vault.status(), unlockedOr(await vault.unlock('1234'))])
    assert.deepEqual(warningTypes(again), ['old-vault']);
  assert.equal((await (await other.open()).erase()).type, 'erased');
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['erased', 'erased']);
});

test('two devices: the second finds the old fleet erased and follows, with one guess', async () => {
  const { service, phone } = await protectedOnA();
  const second = new Phone(service);
  const secondVault = await second.open();
  unlockedOr(await secondVault.unlock('1234'));
  publishB(service);
  unlockedOr(await (await phone.open()).unlock('1234'));
  const before = service.of('B').vault.charges;
  const outcome = unlockedOr(await secondVault.unlock('1234'));
  assert.equal(service.of('B').vault.charges, before + 1);
  assert.ok(!outcome.isMoved && service.of('B').vault.version === 1);
  const wrong = await secondVault.unlock('0000');
  assert.deepEqual(wrong, { type: 'wrong-password', budget: 2 });
});

test('two devices at once: the second takes over what the first registered, and both end on the new fleet', async () => {
  const { service, phone } = await protectedOnA();
  const second = new Phone(service);
  const secondVault = await second.open();
  unlockedOr(await secondVault.unlock('1234'));
  publishB(service);
  // The first one has confirmed on B and stops before it erases on A.
  phone.at = stopsAfter(service, 'B register.confirm');
  await assert.rejects(async () => (await phone.open()).unlock('1234'));
  phone.at = () => undefined;
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.version], ['live', 1]);
  const outcome = unlockedOr(await secondVault.unlock('1234'));
  assert.ok(outcome.isMoved && service.of('B').vault.version === 1, 'not registered a second time');
  assert.equal(service.of('A').vault.state, 'erased');
  const first = await phone.open();
  await first.resume();
  unlockedOr(await first.unlock('1234'));
  assert.deepEqual(warningTypes(await first.status()), []);
});

test('attack: somebody with an account token has a vault on the new fleet: one guess is spent on it, and the old one stays', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  const thief = new Phone(service);
  assert.equal((await (await thief.open()).protect('thief', utf8('x'.repeat(32)), { budgetMax: 3 })).type, 'protected');
  for (let i = 0; i < 3; i++) {
    const outcome = unlockedOr(await vault.unlock('1234'));
    assert.ok(!outcome.isMoved);
    assert.deepEqual(warningTypes(outcome), ['other-vault']);
  }
  assert.deepEqual([service.of('B').vault.charges, service.of('A').vault.state], [1, 'live']);
});

test('attack: a vault with the same password and another key is not taken for a move', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  const thief = new Phone(service);
  await (await thief.open()).protect('1234', utf8('x'.repeat(32)));
  for (let i = 0; i < 2; i++) assert.deepEqual(warningTypes(unlockedOr(await vault.unlock('1234'))), ['other-vault']);
  assert.equal(service.of('A').vault.state, 'live');
});

test('attack: a password that was changed meanwhile is not made valid again by a move that was under way', async () => {
  const { service, phone } = await protectedOnA();
  const second = new Phone(service);
  const secondVault = await second.open();
  unlockedOr(await secondVault.unlock('1234'));
  publishB(service);
  phone.at = stopsAfter(service, 'B register.finish');
  await assert.rejects(async () => (await phone.open()).unlock('1234'));
  phone.at = () => undefined;
  service.of('A').vault.version++;
  const first = await phone.open();
  assert.equal(await first.resume(), undefined);
  assert.deepEqual([service.of('B').vault.state, service.of('B').vault.pending], ['none', undefined]);
  assert.equal(service.of('A').vault.state, 'live');
});

test('new registrations and new passwords go to the newest fleet, never to one that drains', async () => {
  const { service, vault } = await protectedOnA('old');
  publishB(service);
  const changed = await vault.changePassword('old', 'new');
  assert.equal(changed.type, 'protected');
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['erased', 'live']);
  assert.ok(!service.log.some((step) => step.startsWith('A register')));
  unlockedOr(await vault.unlock('new'));
  const inDrain = new Service();
  inDrain.publish({ A: 'draining' });
  await assert.rejects((await new Phone(inDrain).open()).protect('x1', backupKey), code('no-fleet'));
});

test('a new wish of the person replaces what home held, and erases it there', async () => {
  const { service, vault } = await protectedOnA('old');
  publishB(service);
  assert.equal((await vault.protect('new', backupKey)).type, 'protected');
  unlockedOr(await vault.unlock('new'));
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['erased', 'live']);
});

test('a move whose target is replaced by a newer one is given up there', async () => {
  const { service, phone } = await protectedOnA();
  publishB(service);
  phone.at = stopsAfter(service, 'B register.confirm');
  await assert.rejects(async () => (await phone.open()).unlock('1234'));
  phone.at = () => undefined;
  service.publish({ A: 'draining', B: 'draining', C: 'serving' });
  const vault = await phone.open();
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  const states = ['A', 'B', 'C'].map((name) => service.of(name).vault.state);
  assert.deepEqual(states, ['erased', 'erased', 'live']);
});

test('a new device looks on the newest fleet first, and guesses once', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  unlockedOr(await vault.unlock('1234'));
  const phone = new Phone(service);
  service.log.length = 0;
  unlockedOr(await (await phone.open()).unlock('1234'));
  assert.deepEqual(
    service.log.filter((step) => step.endsWith('recover.start')),
    ['B recover.start'],
  );
});

/** A vault on each of two fleets, of which no device knows both: whose key is on the old one? */
async function twoVaults(keyOnA: Uint8Array): Promise<Service> {
  const service = new Service();
  service.publish({ A: 'serving' });
  await (await new Phone(service).open()).protect('1234', keyOnA);
  publishB(service);
  await (await new Phone(service).open()).protect('1234', backupKey);
  service.log.length = 0;
  return service;
}

test('attack: a vault with the same password and another key is not erased as a copy that was left behind', async () => {
  const service = await twoVaults(utf8('x'.repeat(32)));
  unlockedOr(await (await new Phone(service).open()).unlock('1234'));
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['live', 'live']);
  const copied = await twoVaults(backupKey);
  unlockedOr(await (await new Phone(copied).open()).unlock('1234'));
  assert.deepEqual([copied.of('A').vault.state, copied.of('B').vault.state], ['erased', 'live']);
});

test('a device that may ask two fleets spends one wrong guess on one of them', async () => {
  const service = await twoVaults(backupKey);
  assert.equal((await (await new Phone(service).open()).unlock('0000')).type, 'wrong-password');
  assert.deepEqual([service.of('A').vault.charges, service.of('B').vault.charges], [0, 1]);
});

test('a new device finds the vault on a draining fleet, and moves it', async () => {
  const { service } = await protectedOnA();
  publishB(service);
  const outcome = unlockedOr(await (await new Phone(service).open()).unlock('1234'));
  assert.ok(outcome.isMoved && service.of('A').vault.state === 'erased');
});

test('a new device whose newest fleet does not answer says so; without a vault elsewhere it does not claim there is none', async () => {
  const { service } = await protectedOnA();
  publishB(service);
  service.down.add('B');
  const outcome = unlockedOr(await (await new Phone(service).open()).unlock('1234'));
  assert.deepEqual(warningTypes(outcome).slice(1), ['fleet-unreachable', 'move-failed']);
  service.of('A').vault.state = 'erased';
  service.of('A').vault.live = undefined;
  await assert.rejects((await new Phone(service).open()).unlock('1234'), code('unavailable'));
});

test('attack: a host keeps home away: the device does not go elsewhere', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  service.down.add('A');
  await assert.rejects(vault.unlock('1234'), code('unavailable'));
  assert.ok(!service.log.some((step) => step.startsWith('B ')));
});

test('erase ends it on every fleet and gives home’s receipt', async () => {
  const { service, phone, vault } = await protectedOnA();
  publishB(service);
  phone.at = () => {
    if (service.log.at(-1) === 'B register.confirm') service.down.add('A');
  };
  unlockedOr(await vault.unlock('1234'));
  phone.at = () => undefined;
  await assert.rejects(vault.erase(), code('unavailable'));
  service.down.clear();
  const erased = await vault.erase();
  assert.ok(erased.type === 'erased');
  assert.equal(verifyErasureReceipt(service.of('B').fleet, erased.receipt).version, erased.version);
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['erased', 'erased']);
  assert.deepEqual(warningTypes(await vault.status()), []);
});

test('trust that is older than seven days: nothing is registered and nothing moved', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  // The new fleet is known, and only the move is not done yet.
  service.down.add('B');
  unlockedOr(await vault.unlock('1234'));
  service.down.clear();
  service.witnessedMs = service.nowMs;
  service.nowMs += 8 * dayMs;
  await assert.rejects(vault.protect('x1', backupKey), code('old-trust'));
  const before = service.log.length;
  await assert.rejects(vault.unlock('1234'), code('old-trust'));
  assert.ok(
    service.log.slice(before).every((step) => step.startsWith('/v1/')),
    'nothing was sent to a fleet',
  );
  const outcome = unlockedOr(await vault.unlock('1234', { acceptOldTrust: true }));
  assert.ok(!outcome.isMoved && warningTypes(outcome).includes('old-trust'));
  assert.equal(service.of('B').vault.state, 'none');
});

/** Stops the device for good once the service has seen this message. */
function stopsAfter(service: Service, message: string): () => void {
  let isStopped = false;
  return () => {
    isStopped ||= service.log.at(-1) === message;
    if (isStopped) throw new PowerCut();
  };
}
