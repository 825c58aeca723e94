import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes, hex } from '@coffer/base';
import { ClientError } from '@coffer/client';
import { ksfCeiling, ksfFloor, type VaultRequest } from '@coffer/protocol';
import type { FakeFleet } from './fake-fleet.js';
import { code, Device, hostSays, PowerCut, protectedDevice } from './harness.js';

const ke1s = (fleet: FakeFleet): string[] =>
  fleet.seen.flatMap(({ request }) => (request.type === 'recover.start' ? [hex(request.ke1)] : []));

test('protect, then unlock: the backup key comes back and the guess is refunded', async () => {
  const { device, client, backupKey } = await protectedDevice();
  const outcome = await client.unlock('correct horse');
  assert.equal(outcome.type, 'unlocked');
  assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, backupKey));
  assert.deepEqual(
    { ...outcome, backupKey: undefined },
    {
      type: 'unlocked',
      backupKey: undefined,
      generationMin: 0n,
      version: 1,
      budgetMax: 5,
      budget: 5,
      failures: 0,
      askRefill: false,
      warnings: [],
    },
  );
  assert.deepEqual(device.fleet.types, ['status', 'recover.start', 'recover.finish']);
});

test('the lowest backup generation comes back with the key', async () => {
  const { client } = await protectedDevice();
  await client.changePassword('correct horse', 'battery staple', { generationMin: 7n });
  const outcome = await client.unlock('battery staple');
  assert.ok(outcome.type === 'unlocked' && outcome.generationMin === 7n);
});

test('remaining guesses are reported from the first failure on, down to the lock-out', async () => {
  const { client } = await protectedDevice('1234', { budgetLimit: 3 });
  assert.deepEqual(await client.unlock('0000'), { type: 'wrong-password', budget: 2 });
  assert.deepEqual(await client.unlock('0001'), { type: 'wrong-password', budget: 1 });
  assert.ok((await client.status()).warnings.some(({ type }) => type === 'last-guess'));
  assert.deepEqual(await client.unlock('0002'), { type: 'wrong-password', budget: 0 });
  assert.deepEqual(await client.unlock('1234'), { type: 'locked-out', interrupted: false });
});

test('a PIN keeps its leading zeros', async () => {
  const { client } = await protectedDevice('0042');
  assert.equal((await client.unlock('42')).type, 'wrong-password');
  assert.equal((await client.unlock('0042')).type, 'unlocked');
});

test('budget 0: recover.start is never sent, and the record survives', async () => {
  const { device, client } = await protectedDevice();
  device.fleet.vault.foreignFailures(5);
  assert.deepEqual(await client.unlock('correct horse'), { type: 'locked-out', interrupted: false });
  assert.deepEqual(await client.unlock('correct horse', { resumeInterrupted: true }), {
    type: 'locked-out',
    interrupted: false,
  });
  assert.deepEqual(device.fleet.types, ['status', 'status']);
  assert.equal(device.fleet.vault.state, 'live');
});

test('budget 0 in an exchange without duties: recover.start destroys the record', async () => {
  const { device, client } = await protectedDevice();
  device.fleet.vault.foreignFailures(4);
  assert.deepEqual(await client.unlock('wrong'), { type: 'wrong-password', budget: 0 });
  const { request } = device.fleet.seen[1] as { request: Extract<VaultRequest, { type: 'recover.start' }> };
  const ke1 = request.ke1.slice();
  ke1[40] = (ke1[40] as number) ^ 1; // the client nonce: another KE1
  assert.deepEqual(await device.exchange().call({ type: 'recover.start', ke1 }), { type: 'destroyed', version: 2 });
  assert.deepEqual(await client.unlock('correct horse'), { type: 'destroyed' });
});

test('outcomes of a vault that is not there', async () => {
  const device = new Device();
  const client = await device.open();
  assert.deepEqual(await client.unlock('1234'), { type: 'not-registered' });
  device.fleet.vault.state = 'erased';
  assert.deepEqual(await client.unlock('1234'), { type: 'erased' });
  device.fleet.vault.state = 'destroyed';
  assert.deepEqual(await client.unlock('1234'), { type: 'destroyed' });
});

test('a bad password sends nothing', async () => {
  const { device, client } = await protectedDevice();
  await assert.rejects(client.unlock(''), code('bad-password'));
  await assert.rejects(client.unlock('a\tb'), code('bad-password'));
  assert.deepEqual(device.fleet.types, []);
});

test('after a wrong password a finish of the same size with a random MAC is sent', async () => {
  const { device, client } = await protectedDevice();
  await client.unlock('correct horse');
  await client.unlock('wrong');
  await client.unlock('wrong again');
  const finishes = device.fleet.seen.filter(({ request }) => request.type === 'recover.finish');
  assert.equal(finishes.length, 3);
  assert.equal(new Set(finishes.map(({ sealed }) => sealed.length)).size, 1);
  const macs = finishes.map(({ request }) => hex((request as Extract<VaultRequest, { type: 'recover.finish' }>).ke3));
  assert.equal(new Set(macs).size, 3);
});

test('a wrong password stays one when its finish is lost', async () => {
  const { device, client } = await protectedDevice();
  device.intercept = (post) => (post - 3 > 2 ? hostSays(503, 'unavailable') : undefined);
  assert.deepEqual(await client.unlock('wrong'), { type: 'wrong-password', budget: 4 });
  device.intercept = () => undefined;
  assert.equal((await client.unlock('correct horse')).type, 'unlocked');
});

test('KE1 state is persisted before recover.start is sent', async () => {
  const { device, client } = await protectedDevice();
  const order: string[] = [];
  device.at = (step) => order.push(step);
  await client.unlock('correct horse');
  assert.deepEqual(order.slice(0, 5), ['post', 'posted', 'save', 'saved', 'post']);
});

test('a lost reply is fetched with the same KE1 and costs one guess', async () => {
  const { device, client } = await protectedDevice();
  let lost = 0;
  device.at = (step) => {
    if (step === 'posted' && lost++ % 3 !== 2) throw new ClientError('network', 'cut');
  };
  const outcome = await client.unlock('correct horse');
  assert.ok(outcome.type === 'unlocked' && outcome.budget === 5);
  assert.equal(ke1s(device.fleet).length, 3);
  assert.equal(new Set(ke1s(device.fleet)).size, 1);
  assert.equal(device.fleet.vault.charges, 1);
});

test('after a crash the same password makes the same KE1, another password another one', async () => {
  const { device, client } = await protectedDevice();
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'recover.start') throw new PowerCut();
  };
  await assert.rejects(client.unlock('first'), PowerCut);
  await assert.rejects((await device.open()).unlock('first'), PowerCut);
  device.at = () => undefined;
  assert.deepEqual(await (await device.open()).unlock('other'), { type: 'wrong-password', budget: 3 });
  const [a, b, c] = ke1s(device.fleet);
  assert.equal(a, b);
  assert.notEqual(b, c);
});

test('the last guess, interrupted: locked out until the person vouches for the same password', async () => {
  const { device, client, backupKey } = await protectedDevice('1234', { budgetLimit: 1 });
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'recover.start') throw new PowerCut();
  };
  await assert.rejects(client.unlock('1234'), PowerCut);
  device.at = () => undefined;
  const again = await device.open();
  assert.deepEqual(await again.unlock('1234'), { type: 'locked-out', interrupted: true });
  const outcome = await again.unlock('1234', { resumeInterrupted: true });
  assert.ok(outcome.type === 'unlocked' && equalBytes(outcome.backupKey, backupKey) && outcome.budget === 1);
});

test('downgraded or absurd KSF parameters are refused before any stretching', async () => {
  const { device, client } = await protectedDevice();
  const before = device.stretch.runs;
  for (const ksf of [
    { ...ksfFloor, memoryKiB: ksfFloor.memoryKiB - 1 },
    { ...ksfFloor, passes: ksfFloor.passes - 1 },
    { ...ksfCeiling, memoryKiB: ksfCeiling.memoryKiB + 1 },
    { ...ksfCeiling, lanes: ksfCeiling.lanes + 1 },
  ]) {
    device.fleet.vault.ksfSaid = ksf;
    await assert.rejects(client.unlock('correct horse'), code('ksf-refused'));
  }
  assert.equal(device.stretch.runs, before);
  assert.equal(
    device.fleet.types.filter((type) => type === 'recover.finish').length,
    4,
    'the host sees a finish anyway',
  );
  device.fleet.vault.ksfSaid = undefined;
  assert.equal((await client.unlock('correct horse')).type, 'unlocked');
  assert.equal(device.fleet.vault.charges, 1);
});

test('another server key in the registration response is refused', async () => {
  const device = new Device();
  device.fleet.say = (reply) =>
    reply.type === 'register.started'
      ? { ...reply, response: new Uint8Array([...reply.response.subarray(0, 32), ...other]) }
      : reply;
  const other = new Device().fleet.fleet.opaqueKey;
  await assert.rejects((await device.open()).protect('1234', new Uint8Array(32)), code('bad-reply'));
});

test('a payload that is not of this vault is refused', async () => {
  const { device, client } = await protectedDevice();
  device.fleet.say = (reply) =>
    reply.type === 'recovered'
      ? { ...reply, payload: reply.payload.map((byte, i) => (i === 100 ? byte ^ 1 : byte)) }
      : reply;
  await assert.rejects(client.unlock('correct horse'), code('bad-payload'));
});

test('a secret replaced during the unlock is vault-changed, and the next unlock works', async () => {
  const { device, client } = await protectedDevice();
  device.fleet.say = (reply, request) => (request.type === 'recover.finish' ? { type: 'stale-ticket' } : reply);
  await assert.rejects(client.unlock('correct horse'), code('vault-changed'));
  device.fleet.say = (reply) => reply;
  assert.equal((await client.unlock('correct horse')).type, 'unlocked');
});

test('a vault that is older than it was is rolled-back', async () => {
  const { device, client } = await protectedDevice();
  await client.protect('another', new Uint8Array(32));
  device.fleet.vault.version = 1;
  await assert.rejects(client.unlock('another'), code('rolled-back'));
  await assert.rejects(client.status(), code('rolled-back'));
});
