import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '@coffer/transparency/testing';
import { Phone, protectedOnA, publishB, type Service, unlockedOr, warningTypes } from './fleets-harness.js';
import { PowerCut } from './harness.js';

/**
 * A device stopped in the middle of a move from A to B, and while it was off something happened to the vault that it
 * moves. What it registered on B holds the key under the password of then: it must not outlive a newer one, and must not
 * be given up where it is the last copy.
 */
type Stop = (step: string, last: string | undefined) => boolean;

const sentFinish: Stop = (_, last) => last === 'B register.finish';
const sentConfirm: Stop = (_, last) => last === 'B register.confirm';
const heardConfirm: Stop = (step, last) => step === 'save device' && last === 'B register.confirm';
const wished: Stop = (step, last) => step === 'saved device' && last === 'B status';

async function stopped(stop: Stop): Promise<{ service: Service; phone: Phone }> {
  const { service, phone } = await protectedOnA();
  publishB(service);
  let isStopped = false;
  phone.at = (step) => {
    isStopped ||= stop(step, service.log.at(-1));
    if (isStopped) throw new PowerCut();
  };
  // A store that fails after the unlock is a warning: the person has the key already.
  await (await phone.open()).unlock('1234').catch(() => undefined);
  assert.ok(isStopped);
  phone.at = () => undefined;
  return { service, phone };
}

const isLive = (service: Service, name: string): boolean => service.of(name).vault.live !== undefined;
const finishes = (service: Service): number => service.log.filter((step) => step === 'B register.finish').length;

test('attack: the password was changed while a move was under way: the next unlock moves the new one, not the old', async () => {
  for (const [stop, isResumed] of [
    [sentFinish, false],
    [sentConfirm, false],
    [heardConfirm, false],
    [heardConfirm, true],
  ] as const) {
    const { service, phone } = await stopped(stop);
    // Another secret at home; that the tests' passwords are the same does not matter to who compares versions.
    service.of('A').vault.version++;
    const vault = await phone.open();
    if (isResumed) assert.equal(await vault.resume(), undefined);
    assert.deepEqual(vault.fleet, service.of('A').fleet, 'home is where the newer secret is');
    assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
    assert.deepEqual([finishes(service), isLive(service, 'A'), isLive(service, 'B')], [2, false, true]);
  }
});

test('attack: a move of which nothing has reached the new fleet: home stays where it is', async () => {
  const { service, phone } = await stopped(wished);
  const vault = await phone.open();
  assert.equal(await vault.resume(), undefined);
  assert.deepEqual(vault.fleet, service.of('A').fleet);
  assert.deepEqual([isLive(service, 'A'), service.log.includes('A erase')], [true, false]);
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
});

test('attack: home is destroyed by guesses while a move is under way: the registration that has the last copy is finished', async () => {
  const { service, phone } = await stopped(sentFinish);
  Object.assign(service.of('A').vault, { state: 'destroyed', live: undefined, version: 2 });
  const vault = await phone.open();
  assert.equal((await vault.resume())?.type, 'protected');
  unlockedOr(await vault.unlock('1234'));
  assert.ok(isLive(service, 'B'));
});

test('attack: home is revoked while a move is under way to a fleet that drains by now: it is finished all the same', async () => {
  const { service, phone } = await stopped(sentFinish);
  service.nowMs += dayMs;
  service.publish({ A: 'revoked', B: 'draining', C: 'serving' });
  const vault = await phone.open();
  assert.equal((await vault.resume())?.type, 'protected');
  assert.ok(isLive(service, 'B'));
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  assert.ok(isLive(service, 'C'));
});

test('the vault was erased while a move was under way: nothing comes back, and what another device finished stays', async () => {
  const erased = { state: 'erased', live: undefined, version: 2 };
  const given = await stopped(sentFinish);
  Object.assign(given.service.of('A').vault, erased);
  assert.equal(await (await given.phone.open()).resume(), undefined);
  const { state, pending } = given.service.of('B').vault;
  assert.deepEqual([state, pending], ['none', undefined]);

  const taken = await stopped(heardConfirm);
  Object.assign(taken.service.of('A').vault, erased);
  const vault = await taken.phone.open();
  assert.equal((await vault.resume())?.type, 'protected');
  assert.deepEqual([vault.fleet, isLive(taken.service, 'B')], [taken.service.of('B').fleet, true]);
});

test('the new fleet is revoked while a move to it is under way: nothing is finished there, and home stays', async () => {
  const { service, phone } = await stopped(sentFinish);
  service.nowMs += dayMs;
  service.publish({ A: 'serving', B: 'revoked' });
  const before = service.log.length;
  const vault = await phone.open();
  assert.equal(await vault.resume(), undefined);
  assert.ok(!unlockedOr(await vault.unlock('1234')).isMoved);
  await vault.abandon();
  assert.deepEqual([isLive(service, 'A'), isLive(service, 'B')], [true, false]);
  assert.ok(!service.log.slice(before).some((step) => step.startsWith('B ')));
});

test('a move is given up by the person: what is not in force is withdrawn, and what is in force is home', async () => {
  const begun = await stopped(sentFinish);
  const vault = await begun.phone.open();
  await vault.abandon();
  assert.deepEqual([vault.fleet, begun.service.of('B').vault.pending], [begun.service.of('A').fleet, undefined]);

  const done = await stopped(heardConfirm);
  const moved = await done.phone.open();
  await moved.abandon();
  assert.deepEqual([moved.fleet, isLive(done.service, 'B')], [done.service.of('B').fleet, true]);
});

test('attack: a vault with another key, unlocked once, is not taken for what this device registered before it stopped', async () => {
  const { service, phone } = await stopped(wished);
  await (await new Phone(service).open()).protect('1234', new Uint8Array(32));
  // From this unlock on the device knows the version on B, and it stops before it can write down that it is another vault.
  phone.at = (step) => {
    if (step === 'save device' && service.log.at(-1) === 'B recover.finish') throw new PowerCut();
  };
  await (await phone.open()).unlock('1234').catch(() => undefined);
  phone.at = () => undefined;
  for (let i = 0; i < 2; i++) {
    const outcome = unlockedOr(await (await phone.open()).unlock('1234'));
    assert.deepEqual([outcome.isMoved, warningTypes(outcome)], [false, ['other-vault']]);
  }
  assert.ok(isLive(service, 'A') && !service.log.includes('A erase'));
});
