import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes } from '@coffer/base';
import { ClientError, VaultClient } from '@coffer/client';
import { systemEntropy } from '@coffer/crypto';
import { vaultRequestLayout } from '@coffer/protocol';
import { encode } from '@coffer/wire';
import { account, code, Device, PowerCut, protectedDevice, tenant, token } from './harness.js';

const key = systemEntropy.bytes(32);

test('a registration is started, finished and confirmed', async () => {
  const device = new Device();
  const outcome = await (await device.open()).protect('1234', key, { budgetMax: 3 });
  assert.deepEqual(outcome, { type: 'protected', version: 1, budget: 3, resets: 0 });
  assert.deepEqual(device.fleet.types, ['register.start', 'register.finish', 'register.confirm']);
});

test('the bytes of a finish are on disk before they are sent', async () => {
  const device = new Device();
  const order: string[] = [];
  device.at = (step) => order.push(step);
  await (await device.open()).protect('1234', key);
  assert.deepEqual(order, [
    'post',
    'posted',
    'save',
    'saved',
    'post',
    'posted',
    'save',
    'saved',
    'post',
    'posted',
    'save',
    'saved',
  ]);
});

test('after a crash the same finish and the same confirm are repeated byte for byte', async () => {
  for (const cut of ['register.finish', 'register.confirm']) {
    const device = new Device();
    device.at = (step) => {
      if (step === 'posted' && device.fleet.types.at(-1) === cut) throw new PowerCut();
    };
    await assert.rejects((await device.open()).protect('1234', key), PowerCut);
    await assert.rejects((await device.open()).resume(), PowerCut);
    device.at = () => undefined;
    const client = await device.open();
    assert.equal((await client.resume())?.type, 'protected');
    assert.equal(await client.resume(), undefined);
    const same = device.fleet.seen.filter(({ request }) => request.type === cut);
    assert.equal(same.length, 3);
    for (const { request, ticket } of same) {
      assert.deepEqual(
        encode(vaultRequestLayout, request),
        encode(vaultRequestLayout, same[0]?.request as typeof request),
      );
      assert.deepEqual(ticket, same[0]?.ticket);
    }
    assert.equal(device.fleet.types.filter((type) => type === 'register.start').length, 1);
    assert.deepEqual([device.fleet.vault.version, device.fleet.vault.resets], [1, 0]);
  }
});

test('a registration that waits is never silently started again', async () => {
  const device = new Device();
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'register.finish') throw new PowerCut();
  };
  await assert.rejects((await device.open()).protect('1234', key), PowerCut);
  device.at = () => undefined;
  const client = await device.open();
  assert.deepEqual((await client.status()).warnings, [{ type: 'unfinished-registration' }]);
  await assert.rejects(client.protect('1234', key), code('unfinished'));
  const sent = device.fleet.types.length;
  await assert.rejects(client.changePassword('1234', '5678'), code('unfinished'));
  assert.equal(device.fleet.types.length, sent);
  await client.abandon();
  assert.equal(device.fleet.vault.pending, undefined);
  assert.deepEqual((await client.status()).warnings, []);
  assert.equal((await client.protect('1234', key)).type, 'protected');
});

test('a pending registration answers no unlock, the live secret does', async () => {
  const { device, client, backupKey } = await protectedDevice('old');
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'register.finish') throw new PowerCut();
  };
  await assert.rejects(client.protect('new', key), PowerCut);
  device.at = () => undefined;
  assert.equal((await client.unlock('new')).type, 'wrong-password');
  const outcome = await client.unlock('old');
  assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, backupKey));
});

test('a registration that somebody else overtook is superseded, and forgotten', async () => {
  const device = new Device();
  device.fleet.say = (reply, request) => {
    if (request.type === 'register.start') device.fleet.vault.seq++;
    return reply;
  };
  const client = await device.open();
  assert.deepEqual(await client.protect('1234', key), { type: 'superseded' });
  assert.equal(await client.resume(), undefined);
  assert.equal(device.fleet.vault.state, 'none');
});

test('budgets: 1 and the limit are accepted, 0 and more are not, and the fleet may refuse', async () => {
  const device = new Device({ budgetLimit: 4 });
  const client = await device.open();
  for (const budgetMax of [0, 5, 1.5]) {
    await assert.rejects(client.protect('1234', key, { budgetMax }), code('bad-argument'));
  }
  assert.deepEqual(device.fleet.types, []);
  for (const budgetMax of [1, 4]) {
    const outcome = await client.protect('1234', key, { budgetMax });
    assert.ok(outcome.type === 'protected' && outcome.budget === budgetMax);
  }
  device.fleet.say = (reply, { type }) => (type === 'register.finish' ? { type: 'limit' } : reply);
  assert.deepEqual(await client.protect('1234', key), { type: 'limit' });
});

test('bad arguments send nothing', async () => {
  const device = new Device();
  const client = await device.open();
  await assert.rejects(client.protect('1234', new Uint8Array(31)), code('bad-argument'));
  await assert.rejects(client.protect('1234', key, { generationMin: -1n }), code('bad-argument'));
  await assert.rejects(client.protect('1234', key, { generationMin: 1n << 64n }), code('bad-argument'));
  await assert.rejects(client.protect('\u200b', key), code('bad-password'));
  assert.deepEqual(device.fleet.types, []);
});

test('changePassword keeps the key, proves the old password, and counts as no reset', async () => {
  const { device, client, backupKey } = await protectedDevice('old');
  assert.equal((await client.changePassword('wrong', 'new')).type, 'wrong-password');
  assert.deepEqual(await client.changePassword('old', 'new'), { type: 'protected', version: 2, budget: 5, resets: 0 });
  const start = device.fleet.seen.find(({ request }) => request.type === 'register.start')?.request;
  assert.ok(start?.type === 'register.start' && start.authTicket !== undefined);
  assert.equal((await client.unlock('old')).type, 'wrong-password');
  const outcome = await client.unlock('new');
  assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, backupKey));
});

test('changePassword goes through although the reply with the authTicket is lost', async () => {
  const { device, client } = await protectedDevice('old');
  let lost = false;
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'recover.finish' && !lost) {
      lost = true;
      throw new ClientError('network', 'cut');
    }
  };
  assert.deepEqual(await client.changePassword('old', 'new'), { type: 'protected', version: 2, budget: 5, resets: 0 });
});

test('protect over a live vault is a reset, and another device is warned of it', async () => {
  const { device, client } = await protectedDevice('old');
  const other = new Device({ fleet: device.fleet });
  const stranger = await other.open();
  assert.deepEqual((await stranger.status()).warnings, [{ type: 'unknown-version', version: 1, knownVersion: 0 }]);
  assert.deepEqual(await stranger.protect('stolen', key), { type: 'protected', version: 2, budget: 5, resets: 1 });
  assert.deepEqual((await stranger.status()).warnings, []);
  assert.deepEqual((await client.status()).warnings, [
    { type: 'unknown-version', version: 2, knownVersion: 1 },
    { type: 'foreign-resets', count: 1 },
  ]);
  const outcome = await client.unlock('stolen');
  assert.ok(outcome.type === 'unlocked' && outcome.warnings.length === 2);
  assert.deepEqual((await client.status()).warnings, []);
});

test("another device's pending registration is shown", async () => {
  const { device, client } = await protectedDevice('old');
  const other = new Device({ fleet: device.fleet });
  other.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'register.finish') throw new PowerCut();
  };
  await assert.rejects((await other.open()).protect('new', key), PowerCut);
  assert.deepEqual((await client.status()).warnings, [{ type: 'foreign-pending' }]);
});

test('the real stretching function, with the default parameters', async () => {
  const device = new Device();
  const client = await VaultClient.open({
    fleet: device.fleet.fleet,
    tenant,
    account,
    transport: device.transport,
    token,
    store: device.store,
    clock: device.time,
    timers: device.time,
  });
  assert.equal((await client.protect('1234', key)).type, 'protected');
  const outcome = await client.unlock('1234');
  assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, key));
  assert.deepEqual(device.fleet.vault.live?.ksf, { memoryKiB: 65_536, passes: 3, lanes: 4 });
});
