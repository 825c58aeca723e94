import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBundle, standardWaiting } from '@coffer/transparency';
import { dayMs, startMs } from '@coffer/transparency/testing';
import { Phone, protectedOnA, publishB, type Service, unlockedOr } from './fleets-harness.js';
import { code, hostSays, PowerCut } from './harness.js';

/**
 * A device that moved owes the erasure of the vault it left behind. Whoever keeps the old fleet away until the new one is
 * worth nothing must not have the device erase the last copy itself.
 */

/** Moved to B; A, which does not answer since the confirm, still holds the vault. */
async function owing() {
  const { service, phone, vault } = await protectedOnA();
  publishB(service);
  phone.at = () => {
    if (service.log.at(-1) === 'B register.confirm') service.down.add('A');
  };
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  phone.at = () => undefined;
  service.down.clear();
  service.log.length = 0;
  return { service, phone };
}

/** The device unlocks, and dies when the new fleet has its registration and has not confirmed it. */
async function cutAfterFinish({ service, phone }: { readonly service: Service; readonly phone: Phone }) {
  phone.at = () => {
    if (service.log.at(-1) === 'B register.finish') throw new PowerCut();
  };
  await assert.rejects(async () => (await phone.open()).unlock('1234'));
  phone.at = () => undefined;
}

const isLive = (service: Service, name: string): boolean => service.of(name).vault.live !== undefined;

test('attack: the erasure on the old fleet is held back until the new one is revoked: the last copy stays', async () => {
  const { service, phone } = await owing();
  service.nowMs += dayMs;
  service.publish({ A: 'serving', B: 'revoked' });
  const vault = await phone.open();
  await vault.resume();
  await vault.resume();
  assert.ok(isLive(service, 'A'), 'after resume');
  for (let i = 0; i < 2; i++) unlockedOr(await vault.unlock('1234'));
  assert.ok(isLive(service, 'A'), 'after an unlock on the old fleet, which is home again');
  assert.ok(!service.log.includes('A erase'));
});

test('attack: the new vault is destroyed by guesses while the erasure of the old one is held back: the last copy stays', async () => {
  const { service, phone } = await owing();
  // What guesses without an end come to, by somebody whose client sends them.
  Object.assign(service.of('B').vault, { state: 'destroyed', live: undefined, version: 2 });
  const vault = await phone.open();
  await vault.resume();
  assert.ok(isLive(service, 'A'), 'after resume');
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([outcome.isMoved, isLive(service, 'A'), isLive(service, 'B')], [true, false, true]);
});

test('attack: somebody registers over the new vault while the erasure is held back: the last copy of the key stays', async () => {
  const { service, phone } = await owing();
  const thief = await new Phone(service).open();
  await thief.protect('thief', new Uint8Array(32));
  const vault = await phone.open();
  await vault.resume();
  assert.ok(isLive(service, 'A'));
});

test('attack: the service denies the new fleet, and the vault is unlocked on the old one: what is home is not erased', async () => {
  const { service, phone } = await owing();
  const post = service.post.bind(service);
  const toB = service.of('B').fleet.configHash;
  service.post = (body) => (Buffer.from(body).includes(Buffer.from(toB)) ? hostSays(404, 'unknown-fleet') : post(body));
  const vault = await phone.open();
  unlockedOr(await vault.unlock('1234'));
  await vault.resume();
  assert.ok(isLive(service, 'A') && !service.log.includes('A erase'));
  service.post = post;
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  assert.deepEqual([isLive(service, 'A'), isLive(service, 'B')], [false, true], 'and both end on the new one');
});

test('attack: news are withheld for a week: no registration is finished and no old vault erased by what may be revoked', async () => {
  const { service, phone } = await owing();
  service.witnessedMs = service.nowMs;
  service.nowMs += 8 * dayMs;
  const vault = await phone.open();
  assert.equal(await vault.resume(), undefined);
  unlockedOr(await vault.unlock('1234', { acceptOldTrust: true }));
  assert.ok(isLive(service, 'A'));

  const begun = await protectedOnA();
  publishB(begun.service);
  await cutAfterFinish(begun);
  begun.service.witnessedMs = begun.service.nowMs;
  begun.service.nowMs += 8 * dayMs;
  const later = await begun.phone.open();
  await assert.rejects(later.resume(), code('old-trust'));
  unlockedOr(await later.unlock('1234', { acceptOldTrust: true }));
  assert.deepEqual([isLive(begun.service, 'A'), isLive(begun.service, 'B')], [true, false]);
});

test('a fleet that this device saw revoked stays revoked, whatever is signed later', async () => {
  const { service, phone, vault } = await protectedOnA();
  publishB(service);
  unlockedOr(await vault.unlock('1234'));
  service.nowMs += dayMs;
  service.publish({ A: 'serving', B: 'revoked' });
  await vault.status().catch(() => undefined);
  service.nowMs += dayMs;
  service.publish({ A: 'draining', B: 'serving' });
  const again = await phone.open();
  await assert.rejects(again.protect('1234', new Uint8Array(32)), code('no-fleet'));
  assert.ok(!service.log.slice(-3).some((step) => step.startsWith('B register')));
});

test('attack: a fleet that was revoked before this device accepted it is not brought back by a leaf from before that', async () => {
  const { service, phone } = await protectedOnA();
  const waiting = standardWaiting([service.of('A').fleet.configHash]);
  const strict = new Phone(service, { waiting });
  for (const [name, state] of phone.slots) strict.slots.set(name, state);
  publishB(service);
  service.nowMs += 4 * dayMs;
  service.publish({ A: 'serving', B: 'revoked' });
  unlockedOr(await (await strict.open()).unlock('1234'));
  service.nowMs += dayMs;
  publishB(service);
  service.bundleInstead = (size) =>
    encodeBundle(service.world.bundle(service.nowMs, size, [service.world.maturity(2, 2, startMs + dayMs)]));
  const vault = await strict.open();
  assert.ok(!unlockedOr(await vault.unlock('1234')).isMoved);
  assert.ok(!service.log.some((step) => step.startsWith('B ')));

  // A device that never saw the revocation cannot know better.
  const newcomer = await new Phone(service, { waiting }).open();
  assert.ok(unlockedOr(await newcomer.unlock('1234')).isMoved);
});

test('attack: home is revoked while a move is under way: the registration that has the last copy is finished', async () => {
  for (const listed of [{ A: 'revoked', B: 'serving' }, { B: 'serving' }] as const) {
    const { service, phone } = await protectedOnA();
    publishB(service);
    await cutAfterFinish({ service, phone });
    service.nowMs += dayMs;
    service.publish(listed);
    const vault = await phone.open();
    assert.equal((await vault.resume())?.type, 'protected');
    unlockedOr(await vault.unlock('1234'));
    assert.ok(isLive(service, 'B') && !service.log.includes('A erase'));
  }
});

test('a vault that cannot be erased, because its fleet is revoked, is not said to be none', async () => {
  const { service, vault } = await protectedOnA();
  service.publish({ A: 'revoked', B: 'serving' });
  service.nowMs += dayMs;
  await assert.rejects(vault.erase(), code('fleet-revoked'));
});

test('attack: a registration is held back until its fleet drains: the move goes to the newest instead', async () => {
  const { service, phone } = await protectedOnA();
  publishB(service);
  await cutAfterFinish({ service, phone });
  service.nowMs += dayMs;
  service.publish({ A: 'draining', B: 'draining', C: 'serving' });
  const vault = await phone.open();
  await vault.resume();
  assert.deepEqual([isLive(service, 'A'), isLive(service, 'B')], [true, false]);
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  const live = ['A', 'B', 'C'].map((name) => isLive(service, name));
  assert.deepEqual([...live, service.of('B').vault.pending], [false, false, true, undefined]);
});
