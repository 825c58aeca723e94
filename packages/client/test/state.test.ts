import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes, utf8 } from '@coffer/base';
import { MemoryClientStore, VaultClient } from '@coffer/client';
import { sha256, systemEntropy } from '@coffer/crypto';
import { ksfDefault, vaultIdOf } from '@coffer/protocol';
import { bytes, encode, fixed, struct, u16 } from '@coffer/wire';
import { type ClientState, decodeClientState, emptyState, encodeClientState } from '../dist/state.js';
import { FakeFleet } from './fake-fleet.js';
import { account, code, Device, PowerCut, protectedDevice, tenant, token, vaultId } from './harness.js';

const { fleet } = new FakeFleet(vaultId);
const vault = { fleet, vaultId };
const full: ClientState = {
  ...emptyState(vault),
  knownVersion: 3,
  knownResets: 1,
  seenVersion: 4,
  ownFailures: Array.from({ length: 10 }, () => systemEntropy.bytes(32)),
  failuresVersion: 4,
  attempt: { seed: systemEntropy.bytes(32), version: 4, failuresBefore: 2 },
  registration: {
    ticketId: systemEntropy.bytes(32),
    ticket: systemEntropy.bytes(320),
    resumptionSecret: systemEntropy.bytes(32),
    record: systemEntropy.bytes(192),
    ksf: ksfDefault,
    payload: systemEntropy.bytes(256),
    budgetMax: 5,
    confirmSecret: systemEntropy.bytes(32),
    confirmVersion: 4,
  },
  owedErasure: 4,
};

test('a state decodes to what was encoded, and to nothing else', () => {
  for (const state of [emptyState(vault), full]) {
    const stored = encodeClientState(state);
    assert.deepEqual(decodeClientState(vault, stored), state);
    assert.deepEqual(encodeClientState(decodeClientState(vault, stored)), stored);
  }
});

test('every truncation and every flipped bit of a stored state is bad-state', () => {
  const stored = encodeClientState(full);
  for (let end = 0; end < stored.length; end++) {
    assert.throws(() => decodeClientState(vault, stored.subarray(0, end)), code('bad-state'));
  }
  for (let at = 2; at < stored.length; at++) {
    const flipped = stored.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte));
    assert.throws(() => decodeClientState(vault, flipped), code('bad-state'), `byte ${at}`);
  }
  assert.throws(() => decodeClientState(vault, new Uint8Array([...stored, 0])), code('bad-state'));
});

test('a state of another layout version is state-version', () => {
  const body = utf8('whatever a later version writes');
  const file = struct<{ version: number; body: Uint8Array; checksum: Uint8Array }>({
    version: u16,
    body: bytes(100),
    checksum: fixed(32),
  });
  for (const version of [0, 2, 65_535]) {
    assert.throws(
      () => decodeClientState(vault, encode(file, { version, body, checksum: sha256(body) })),
      code('state-version'),
    );
  }
  assert.throws(
    () => decodeClientState(vault, encode(file, { version: 1, body, checksum: sha256(body) })),
    code('bad-state'),
  );
});

test('a state of another account or fleet is other-vault', () => {
  const stored = encodeClientState(full);
  assert.throws(() => decodeClientState({ fleet, vaultId: vaultIdOf(tenant, 'bob') }, stored), code('other-vault'));
  assert.throws(() => decodeClientState({ fleet: new FakeFleet(vaultId).fleet, vaultId }, stored), code('other-vault'));
});

test('a malformed state stops the client and is left as it is', async () => {
  const device = new Device();
  const broken = systemEntropy.bytes(200);
  device.store = new MemoryClientStore(broken);
  await assert.rejects(device.open(), code('bad-state'));
  assert.deepEqual(await device.store.load(), broken);
  assert.equal(device.posts + device.saves, 0);
});

test('a store that fails is store, before anything is sent that depends on it', async () => {
  const { device, client } = await protectedDevice();
  device.at = (step) => {
    if (step === 'save') throw new Error('disk full');
  };
  await assert.rejects(client.unlock('correct horse'), code('store'));
  assert.deepEqual(device.fleet.types, ['status']);
  await assert.rejects(client.erase(), code('store'));
  assert.ok(!device.fleet.types.includes('erase'));
  device.at = () => undefined;
  assert.equal((await client.unlock('correct horse')).type, 'unlocked');
  const silent = { load: () => Promise.reject(new Error('no disk')), save: async () => undefined };
  const options = { fleet: device.fleet.fleet, tenant, account, transport: device.transport, token, store: silent };
  await assert.rejects(VaultClient.open({ ...options, clock: device.time, timers: device.time }), code('store'));
});

test('KSF parameters for new registrations are checked when the client opens', async () => {
  const device = new Device();
  const { transport, time, store } = device;
  const options = { fleet: device.fleet.fleet, tenant, account, transport, token, store, clock: time, timers: time };
  await assert.rejects(VaultClient.open({ ...options, ksf: { ...ksfDefault, memoryKiB: 1_024 } }), code('ksf-refused'));
  await assert.rejects(VaultClient.open({ ...options, account: '' }));
});

test('what a crash leaves on disk holds neither password, nor KE1, nor backup key', async () => {
  const { device, client, backupKey } = await protectedDevice('correct horse');
  device.at = (step) => {
    if (step === 'posted' && device.fleet.types.at(-1) === 'recover.start') throw new PowerCut();
  };
  await assert.rejects(client.unlock('correct horse'), PowerCut);
  const stored = (await device.store.load()) as Uint8Array;
  const started = device.fleet.seen.at(-1)?.request;
  assert.ok(started?.type === 'recover.start');
  for (const secret of [utf8('correct horse'), started.ke1.subarray(0, 32), started.ke1.subarray(64), backupKey]) {
    for (let at = 0; at + secret.length <= stored.length; at++) {
      assert.ok(!equalBytes(stored.subarray(at, at + secret.length), secret));
    }
  }
});

test('calls made at once are executed one after another', async () => {
  const { device, client } = await protectedDevice();
  const outcomes = await Promise.all([client.unlock('wrong'), client.unlock('correct horse'), client.status()]);
  assert.deepEqual(
    outcomes.map((outcome) => ('type' in outcome ? outcome.type : outcome.state)),
    ['wrong-password', 'unlocked', 'live'],
  );
  assert.deepEqual(device.fleet.types, [
    'status',
    'recover.start',
    'recover.finish',
    'status',
    'recover.start',
    'recover.finish',
    'refill',
    'status',
  ]);
});
