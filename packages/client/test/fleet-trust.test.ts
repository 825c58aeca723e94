import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Text } from '@coffer/base';
import { encodeFleetDescriptor } from '@coffer/protocol';
import {
  decodeBundle,
  demoWaiting,
  encodeBundle,
  encodeTrustRoot,
  standardWaiting,
  verifyFraudProof,
} from '@coffer/transparency';
import { dayMs, signedBy, startMs } from '@coffer/transparency/testing';
import { type DeviceState, decodeDeviceState, encodeDeviceState } from '../dist/fleets/device-state.js';
import {
  backupKey,
  ClientError,
  Phone,
  protectedOnA,
  publishB,
  rootKeys,
  Service,
  unlockedOr,
  warningTypes,
} from './fleets-harness.js';
import { code, PowerCut, vaultId } from './harness.js';

test('a newcomer learns its fleet from the service, and stores what it verified before it uses it', async () => {
  const service = new Service();
  service.publish({ A: 'serving' });
  const phone = new Phone(service);
  const steps: string[] = [];
  phone.at = (step) => steps.push(step);
  const vault = await phone.open();
  assert.equal(vault.fleet, undefined);
  assert.equal((await vault.protect('1234', backupKey)).type, 'protected');
  assert.deepEqual(steps.slice(0, 5), ['get', 'got', 'save device', 'saved device', 'post']);
  assert.deepEqual(vault.fleet, service.of('A').fleet);
});

test('a newcomer asks again when a gateway is just being started; a phone with news that is new enough does not wait', async () => {
  const service = new Service();
  service.publish({ A: 'serving' });
  const phone = new Phone(service);
  let refusals = 4;
  let gets = 0;
  phone.at = (step) => {
    if (step !== 'get') return;
    gets++;
    if (refusals-- > 0) throw new ClientError('network', 'no answer');
  };
  const vault = await phone.open();
  assert.equal((await vault.protect('1234', backupKey)).type, 'protected');
  assert.equal(gets, 5);

  service.nowMs += dayMs;
  refusals = 5;
  gets = 0;
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([gets, warningTypes(outcome)], [1, ['no-news']]);

  const unlucky = new Phone(service);
  unlucky.at = (step) => {
    if (step === 'get') throw new ClientError('network', 'no answer');
  };
  await assert.rejects((await unlucky.open()).unlock('1234'), code('old-trust'));
});

test('attack: the store fails while it is to keep a checkpoint: no key of that bundle is used', async () => {
  const service = new Service();
  service.publish({ A: 'serving' });
  const phone = new Phone(service);
  phone.at = (step) => {
    if (step === 'save device') throw new PowerCut();
  };
  const vault = await phone.open();
  await assert.rejects(vault.protect('1234', backupKey), code('store'));
  assert.deepEqual(service.log, ['/v1/bundle?size=0']);
  // Nor by the same app in its next call, which asks once more and keeps the answer first.
  const steps: string[] = [];
  phone.at = (step) => steps.push(step);
  assert.equal((await vault.protect('1234', backupKey)).type, 'protected');
  assert.deepEqual(steps.slice(0, 5), ['get', 'got', 'save device', 'saved device', 'post']);
});

test('attack: an older bundle is replayed: nothing changes and the fleet known so far goes on', async () => {
  const { service, phone, vault } = await protectedOnA();
  const old = service.bundle(0) as Uint8Array;
  publishB(service);
  unlockedOr(await vault.unlock('1234'));
  service.publish({ A: 'draining', B: 'serving', C: 'serving' });
  service.bundleInstead = () => old;
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(outcome.warnings.at(-1), { type: 'no-news', code: 'rollback' });
  assert.deepEqual((await phone.open()).fleet, service.of('B').fleet);
});

test('attack: a host withholds every bundle: known fleets go on, and after seven days the person is warned', async () => {
  const { service, vault } = await protectedOnA();
  service.bundleInstead = () => undefined;
  service.nowMs += 5 * dayMs;
  assert.deepEqual(unlockedOr(await vault.unlock('1234')).warnings.at(-1), { type: 'no-news', code: 'bad-request' });
  service.nowMs += 2 * dayMs;
  await assert.rejects(vault.unlock('1234'), code('old-trust'));
  assert.ok(warningTypes(await vault.status()).includes('old-trust'));
  unlockedOr(await vault.unlock('1234', { acceptOldTrust: true }));
});

test('seven days to the millisecond are not too old; one more is', async () => {
  const { service, vault } = await protectedOnA();
  service.bundleInstead = () => undefined;
  // Of two witnesses who cosigned an hour apart, the earlier one counts.
  service.nowMs = startMs - 3_600_000 + 7 * dayMs;
  unlockedOr(await vault.unlock('1234'));
  service.nowMs += 1;
  await assert.rejects(vault.unlock('1234'), code('old-trust'));
});

test('witnesses are down: a stale bundle is refused, no new fleet is used, the old one goes on', async () => {
  const { service, vault } = await protectedOnA();
  publishB(service);
  service.witnessedMs = service.nowMs - 2 * dayMs - 1000;
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(outcome.warnings, [{ type: 'no-news', code: 'stale' }]);
  assert.deepEqual([service.of('A').vault.state, service.of('B').vault.state], ['live', 'none']);
});

test('attack: the device’s clock is set back: what witnesses said before still counts', async () => {
  const { service, vault } = await protectedOnA();
  service.nowMs += 3 * dayMs;
  publishB(service);
  unlockedOr(await vault.unlock('1234'));
  service.publish({ A: 'draining', B: 'draining', C: 'serving' });
  service.witnessedMs = service.nowMs - 2 * dayMs - 1000;
  service.nowMs -= 30 * dayMs;
  assert.deepEqual(unlockedOr(await vault.unlock('1234')).warnings, [{ type: 'no-news', code: 'stale' }]);
});

test('a fleet that has not been public for long enough is not moved to', async () => {
  const { service, phone } = await protectedOnA();
  publishB(service);
  const waiting = standardWaiting([service.of('A').fleet.configHash]);
  const strict = new Phone(service, { waiting });
  for (const [name, state] of phone.slots) strict.slots.set(name, state);
  const outcome = unlockedOr(await (await strict.open()).unlock('1234'));
  assert.ok(!outcome.isMoved && service.of('B').vault.state === 'none');
});

test('attack: the home fleet turns out revoked: the call ends before a guess is sent to it', async () => {
  const { service, vault } = await protectedOnA();
  // Too early for this device to ask by itself: the news comes with an answer.
  service.nowMs -= dayMs;
  service.publish({ A: 'revoked', B: 'serving' });
  await assert.rejects(vault.unlock('1234'), code('fleet-revoked'));
  assert.deepEqual(
    service.log.filter((step) => step.startsWith('A ')),
    ['A status'],
  );
  service.log.length = 0;
  await assert.rejects(vault.unlock('1234'), code('fleet-revoked'));
  assert.ok(!service.log.some((step) => step.startsWith('A ')));
});

test('attack: a fleet that is not listed any more is not used either', async () => {
  const { service, vault } = await protectedOnA();
  service.publish({ B: 'serving' });
  await assert.rejects(vault.unlock('1234'), code('fleet-revoked'));
  assert.ok(!service.log.includes('A recover.start'));
});

test('attack: a log with two histories: a fraud proof that anyone can verify, and nothing more is sent', async () => {
  const { service, vault } = await protectedOnA();
  service.publish({ A: 'serving', B: 'draining' });
  service.publish({ A: 'serving', B: 'draining', C: 'draining' });
  unlockedOr(await vault.unlock('1234'));
  service.log.length = 0;
  const { world } = service;
  service.world = service.newWorld();
  for (let epoch = 1; epoch <= 5; epoch++) service.publish({ A: 'serving', B: 'serving' });
  await assert.rejects(vault.unlock('1234'), (error) => {
    assert.ok(error instanceof ClientError && error.code === 'log-fraud' && error.fraudProof !== undefined);
    const { culprit, kind } = verifyFraudProof(error.fraudProof, world.trustRoot());
    assert.deepEqual([culprit, kind], ['log', 'conflicting-checkpoints']);
    return true;
  });
  assert.deepEqual(
    service.log.filter((step) => step.startsWith('A ') || step.startsWith('B ')),
    ['A status'],
  );
});

test('attack: a forged contradiction accuses nobody', async () => {
  const { service, vault } = await protectedOnA();
  service.publish({ A: 'serving', B: 'draining' });
  service.publish({ A: 'serving', B: 'draining', C: 'draining' });
  unlockedOr(await vault.unlock('1234'));
  service.world = service.newWorld();
  for (let epoch = 1; epoch <= 5; epoch++) service.publish({ A: 'serving', B: 'serving' });
  const split = decodeBundle(service.bundle(3) as Uint8Array);
  // What anybody can make who does not have the log's key.
  const [head, line, ...lines] = utf8Text(split.proof).split(/(?=— )/);
  const forged = `${line?.slice(0, -20)}${line?.slice(-20).replace(/[A-Za-z]/, (letter) => (letter === 'A' ? 'B' : 'A'))}`;
  const proof = utf8([head, forged, ...lines].join(''));
  service.bundleInstead = () => encodeBundle({ ...split, proof });
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(outcome.warnings, [{ type: 'no-news', code: 'bad-log-signature' }]);
});

test('a trust root that was rotated is followed step by step, and kept', async () => {
  const { service, phone, vault } = await protectedOnA();
  for (const version of [2, 3])
    service.roots.push(encodeTrustRoot(signedBy(service.world.trustRoot({ version }), rootKeys)));
  service.publish({ A: 'draining', B: 'serving' }, { trustRootVersion: 3 });
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  assert.deepEqual(
    service.log.filter((path) => path.startsWith('/v1/trust')),
    ['/v1/trust-roots/2', '/v1/trust-roots/3'],
  );
  service.log.length = 0;
  service.publish({ B: 'serving' }, { trustRootVersion: 3 });
  unlockedOr(await (await phone.open()).unlock('1234'));
  assert.ok(!service.log.some((path) => path.startsWith('/v1/trust')));
});

test('attack: a trust root that too few root keys signed', async () => {
  const { service, vault } = await protectedOnA();
  service.roots.push(encodeTrustRoot(signedBy(service.world.trustRoot({ version: 2 }), ['root 1'])));
  service.publish({ A: 'draining', B: 'serving' }, { trustRootVersion: 2 });
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(outcome.warnings, [{ type: 'no-news', code: 'below-threshold' }]);
  assert.ok(!outcome.isMoved);
});

test('a fleet that is compiled in serves a new device while log and witnesses are away, once the person was warned', async () => {
  const { service } = await protectedOnA();
  service.bundleInstead = () => undefined;
  const phone = new Phone(service, { compiledIn: [service.of('A').fleet] });
  const vault = await phone.open();
  await assert.rejects(vault.unlock('1234'), code('old-trust'));
  unlockedOr(await vault.unlock('1234', { acceptOldTrust: true }));
  await assert.rejects(vault.protect('x1', backupKey), code('old-trust'));
});

test('a fleet that is compiled in needs no waiting, and is given up when the log says so', async () => {
  const service = new Service();
  service.publish({ A: 'serving' });
  const phone = new Phone(service, { compiledIn: [service.of('A').fleet], waiting: standardWaiting() });
  const vault = await phone.open();
  assert.equal((await vault.protect('1234', backupKey)).type, 'protected');
  service.publish({ A: 'revoked', B: 'serving' });
  await assert.rejects(vault.unlock('1234'), code('fleet-revoked'));
  await assert.rejects((await phone.open()).unlock('1234'), code('fleet-revoked'));
});

test('a service that does not know the fleet is asked for news, and the vault is found where it went', async () => {
  const { service, phone, vault } = await protectedOnA();
  const second = new Phone(service);
  const behind = await second.open();
  unlockedOr(await behind.unlock('1234'));
  publishB(service);
  unlockedOr(await vault.unlock('1234'));
  const { fleets } = service;
  Object.assign(service, { fleets: { B: fleets.B } });
  service.publish({ B: 'serving' });
  Object.assign(service, { fleets: { B: fleets.B } });
  unlockedOr(await behind.unlock('1234').catch(async () => behind.unlock('1234')));
  assert.deepEqual([behind.fleet, (await phone.open()).fleet], [fleets.B?.fleet, fleets.B?.fleet]);
});

test('a stored state comes back, and every truncation and flipped byte is bad-state', async () => {
  const service = new Service();
  const place = { configHash: service.of('A').fleet.configHash, version: 7 };
  const state: DeviceState = {
    vaultId,
    trustRoot: new Uint8Array(9).fill(1),
    trust: new Uint8Array(8).fill(2),
    fleets: [{ descriptor: encodeFleetDescriptor(service.of('A').fleet).slice(0, 50), status: 'draining' }],
    home: place.configHash,
    move: { wish: 'protect', to: place.configHash, toVersion: 3, leaves: [place] },
    oldVaults: [{ ...place, isSuperseded: true }],
    otherVault: place,
  };
  const stored = encodeDeviceState(state);
  assert.deepEqual(decodeDeviceState(vaultId, stored), state);
  for (let end = 0; end < stored.length; end++)
    assert.throws(() => decodeDeviceState(vaultId, stored.subarray(0, end)), code('bad-state'));
  for (let at = 2; at < stored.length; at++) {
    const flipped = stored.map((byte, i) => (i === at ? byte ^ 1 : byte));
    assert.throws(() => decodeDeviceState(vaultId, flipped), code('bad-state'));
  }
  assert.throws(() => decodeDeviceState(new Uint8Array(32) as never, stored), code('other-vault'));
});

test('a trust root of another namespace, and a transport that cannot get, are refused when the vault is opened', async () => {
  const service = new Service();
  await assert.rejects(
    new Phone(service, { namespace: 'other.encrypted_backups.fleet_keys.v1' }).open(),
    code('bad-argument'),
  );
  const phone = new Phone(service, { waiting: demoWaiting(0) });
  Object.assign(phone, { transport: { post: phone.transport.post } });
  await assert.rejects(phone.open(), code('bad-argument'));
});
