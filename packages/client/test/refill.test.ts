import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError } from '@coffer/client';
import { code, Device, protectedDevice } from './harness.js';

test("failures that are all this device's own are refilled without asking", async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  await client.unlock('0001');
  const outcome = await (await device.open()).unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.budget === 5 && outcome.failures === 0 && !outcome.askRefill);
  assert.equal(device.fleet.types.at(-1), 'refill');
});

test('one foreign failure among them: no silent refill, the app asks with the number', async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  device.fleet.vault.foreignFailures(1);
  await client.unlock('0001');
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.budget === 2 && outcome.failures === 3 && outcome.askRefill);
  assert.deepEqual(outcome.warnings, [{ type: 'foreign-failures', count: 1 }]);
  assert.ok(!device.fleet.types.includes('refill'));
  assert.deepEqual(await client.refill(), { type: 'refilled', budget: 5 });
  await assert.rejects(client.refill(), code('no-proof'));
});

test('foreign failures alone are never refilled silently', async () => {
  const { device, client } = await protectedDevice('1234');
  device.fleet.vault.foreignFailures(3);
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.budget === 2 && outcome.askRefill);
  assert.deepEqual((await client.status()).failures, 3);
});

test('after the person said no, the failures stay foreign', async () => {
  const { device, client } = await protectedDevice('1234');
  device.fleet.vault.foreignFailures(2);
  await client.unlock('1234');
  await client.unlock('0000');
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 3 && outcome.askRefill);
});

test("a grant to another device takes this device's count back", async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  await client.unlock('0001');
  device.fleet.vault.foreignRefill();
  await client.status();
  device.fleet.vault.foreignFailures(2);
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 2 && outcome.askRefill);
});

test('silent refill after foreign failures, as many as its own, behind a grant that this device never saw', async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  await client.unlock('0001');
  device.fleet.vault.foreignRefill();
  device.fleet.vault.foreignFailures(2);
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 2 && outcome.askRefill);
  assert.ok(!device.fleet.types.includes('refill'));
  assert.deepEqual((await client.status()).warnings, [{ type: 'foreign-failures', count: 2 }]);
});

test('its own failures after such a grant are its own, beside any that it does not know to be closed', async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  await client.unlock('0001');
  device.fleet.vault.foreignRefill();
  await client.unlock('0002');
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.budget === 5 && !outcome.askRefill);
});

test('failures of an older secret count for nothing', async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  const other = await new Device({ fleet: device.fleet }).open();
  await other.changePassword('1234', '5678');
  device.fleet.vault.foreignFailures(1);
  const outcome = await client.unlock('5678');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 1 && outcome.askRefill);
});

test('a failure whose reply never came with a valid proof is not counted as own', async () => {
  const { device, client } = await protectedDevice('1234');
  device.fleet.tamper = (answer, request) =>
    request.type === 'recover.start' ? { ...answer, proof: device.fleet.prove(answer.reply, {}, [1]) } : answer;
  await assert.rejects(client.unlock('0000'), code('unproven-reply'));
  device.fleet.tamper = (answer) => answer;
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 1 && outcome.askRefill);
  assert.ok(!device.fleet.types.includes('refill'));
});

test('refill without an unlock has no proof; a delayed one is stale', async () => {
  const { device, client } = await protectedDevice('1234');
  await assert.rejects(client.refill(), code('no-proof'));
  device.fleet.vault.foreignFailures(1);
  await client.unlock('1234');
  device.fleet.vault.foreignFailures(1);
  assert.deepEqual(await client.refill(), { type: 'stale' });
  assert.equal(device.fleet.vault.budget, 3);
});

test('a refill whose reply was lost is still reported as one', async () => {
  const { device, client } = await protectedDevice('1234');
  device.fleet.vault.foreignFailures(1);
  await client.unlock('1234');
  let lost = false;
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'refill' && !lost) {
      lost = true;
      throw new ClientError('network', 'cut');
    }
  };
  assert.deepEqual(await client.refill(), { type: 'refilled', budget: 5 });
});

test('a silent refill that the network refuses does not keep the key from the person', async () => {
  const { device, client } = await protectedDevice('1234');
  await client.unlock('0000');
  device.at = (step) => {
    if (step === 'post' && device.fleet.types.at(-1) === 'recover.finish' && device.fleet.vault.open.length === 1) {
      if (device.fleet.types.filter((type) => type === 'recover.finish').length === 2)
        throw new ClientError('network', 'cut');
    }
  };
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && outcome.failures === 1 && outcome.askRefill);
  device.at = () => undefined;
  assert.deepEqual(await client.refill(), { type: 'refilled', budget: 5 });
});
