import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeErasureReceipt, verifyErasureReceipt } from '@coffer/client';
import { code, Device, PowerCut, protectedDevice, vaultId } from './harness.js';

test('an erasure gives a receipt that anyone can verify', async () => {
  const { device, client } = await protectedDevice();
  const outcome = await client.erase();
  assert.ok(outcome.type === 'erased' && outcome.version === 2);
  assert.deepEqual(verifyErasureReceipt(device.fleet.fleet, outcome.receipt), { vaultId, version: 2 });
  assert.deepEqual(await client.unlock('correct horse'), { type: 'erased' });
  assert.deepEqual((await client.status()).warnings, []);
});

test('a receipt for anything else is refused', async () => {
  const { device, client } = await protectedDevice();
  const outcome = await client.erase();
  assert.ok(outcome.type === 'erased');
  const { receipt } = outcome;
  const fleet = device.fleet.fleet;
  assert.throws(() => verifyErasureReceipt(new Device().fleet.fleet, receipt), code('unproven-reply'));
  assert.throws(() => verifyErasureReceipt(fleet, receipt.subarray(1)), code('bad-reply'));
  for (let at = 0; at < receipt.length; at += 7) {
    const flipped = receipt.map((byte, i) => (i === at ? byte ^ 1 : byte));
    // A wrong vaultId may fall into another group (no proof) or the same one (does not open).
    assert.throws(
      () => verifyErasureReceipt(fleet, flipped),
      (e) => code('unproven-reply')(e) || code('bad-reply')(e),
    );
  }
});

test('a committed reply that is no erasure receipt is none', async () => {
  const { device } = await protectedDevice();
  const exchange = device.exchange();
  const { sealed: request, ...open } = exchange.seal({ type: 'status' });
  const receipt = encodeErasureReceipt({ vaultId, ...open, answer: await exchange.post(request) });
  assert.throws(() => verifyErasureReceipt(device.fleet.fleet, receipt), code('bad-reply'));
});

test('the erasure is owed, on disk, until a receipt with a valid proof is here', async () => {
  const { device, client } = await protectedDevice();
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'erase') throw new PowerCut();
  };
  await assert.rejects(client.erase(), PowerCut);
  device.at = () => undefined;
  device.fleet.tamper = (answer, { type }) =>
    type === 'erase' ? { ...answer, proof: device.fleet.prove(answer.reply, {}, [2]) } : answer;
  await assert.rejects((await device.open()).erase(), code('unproven-reply'));
  device.fleet.tamper = (answer) => answer;
  const again = await device.open();
  assert.ok((await again.status()).warnings.some(({ type }) => type === 'owed-erasure'));
  const outcome = await again.erase();
  assert.ok(outcome.type === 'erased' && outcome.version === 2);
  const named = device.fleet.seen.flatMap(({ request }) => (request.type === 'erase' ? [request.version] : []));
  assert.deepEqual(named, [1, 1, 1]);
});

test('the version to erase is on disk before it is sent', async () => {
  const { device, client } = await protectedDevice();
  const order: string[] = [];
  device.at = (step) => order.push(step);
  await client.erase();
  assert.deepEqual(order, ['post', 'posted', 'save', 'saved', 'post', 'posted', 'save', 'saved']);
});

test('a vault that changed before the erasure is not reported as erased', async () => {
  const { device, client } = await protectedDevice();
  device.at = (step) => {
    if (step === 'post' && device.fleet.types.at(-1) === 'status') throw new PowerCut();
  };
  await assert.rejects(client.erase(), PowerCut);
  device.at = () => undefined;
  await (await new Device({ fleet: device.fleet }).open()).protect('new', new Uint8Array(32));
  assert.deepEqual(await client.erase(), { type: 'superseded' });
  assert.equal(device.fleet.vault.state, 'live');
  // Asked again, by a person who knows that there is another secret now, it erases that one.
  assert.equal((await client.erase()).type, 'erased');
});

test('erasing what is erased gives its receipt; erasing nothing is not-registered', async () => {
  const { device, client } = await protectedDevice();
  await client.erase();
  const outcome = await (await new Device({ fleet: device.fleet }).open()).erase();
  assert.ok(outcome.type === 'erased' && outcome.version === 2);
  assert.deepEqual(verifyErasureReceipt(device.fleet.fleet, outcome.receipt), { vaultId, version: 2 });
  assert.deepEqual(await (await new Device().open()).erase(), { type: 'not-registered' });
});

test('a receipt for another version than the one named is refused, and the erasure stays owed', async () => {
  const { device, client } = await protectedDevice();
  device.fleet.say = (reply) => (reply.type === 'erasure-receipt' ? { ...reply, version: reply.version + 1 } : reply);
  await assert.rejects(client.erase(), code('bad-reply'));
  device.fleet.say = (reply) => reply;
  assert.ok((await client.status()).warnings.some(({ type }) => type === 'owed-erasure'));
});

test('an erasure also ends what was under way on this device', async () => {
  const { device, client } = await protectedDevice();
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'register.finish') throw new PowerCut();
  };
  await assert.rejects(client.protect('new', new Uint8Array(32)), PowerCut);
  device.at = () => undefined;
  await client.erase();
  assert.equal(await client.resume(), undefined);
});
