import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyFraudProof } from '@coffer/transparency';
import type { World } from '@coffer/transparency/testing';
import {
  ClientError,
  protectedOnA,
  publishB,
  type Service,
  splitBeside,
  unlockedOr,
  warningTypes,
} from './fleets-harness.js';

/**
 * A fraud proof that comes with an answer in the middle of a call. Whatever step of the call it meets, it reaches the app,
 * and it is the last thing that the call heard.
 */

/** The log is honest again, as far as it shows anything at all. */
const goQuiet = (service: Service): void => {
  service.bundleInstead = () => undefined;
};

const isFraudOf =
  (world: World) =>
  (error: unknown): boolean =>
    error instanceof ClientError && error.code === 'log-fraud' && isProof(error.fraudProof, world);

const isProof = (file: Uint8Array | undefined, world: World): boolean =>
  file !== undefined && verifyFraudProof(file, world.trustRoot()).culprit === 'log';

const sentTo = (service: Service): string[] => service.log.filter((step) => /^[ABC] /.test(step));

const fraudsIn = (types: readonly string[]): number => types.filter((type) => type === 'log-fraud').length;

/** On A, with a checkpoint of three epochs, the last of which has B as the newest fleet. */
async function knowingB() {
  const begun = await protectedOnA();
  begun.service.publish({ A: 'serving', B: 'draining' });
  publishB(begun.service);
  assert.equal((await begun.vault.unlock('9999')).type, 'wrong-password');
  return begun;
}

/** Moved to B with a checkpoint of three epochs, while A, which still has its copy, was down. */
async function owingA() {
  const begun = await knowingB();
  const { service, phone, vault } = begun;
  phone.at = () => {
    if (service.log.at(-1) === 'B register.confirm') service.down.add('A');
  };
  assert.ok(unlockedOr(await vault.unlock('1234')).isMoved);
  phone.at = () => undefined;
  service.down.clear();
  return begun;
}

test('attack: a fraud with the answer to a decoy: it is not lost with the decoy', async () => {
  const { service, vault } = await knowingB();
  const world = splitBeside(service, 'A recover.finish');
  await assert.rejects(vault.unlock('8888'), isFraudOf(world));
  assert.deepEqual(sentTo(service), ['A status', 'A recover.start', 'A recover.finish']);
  goQuiet(service);
  // Both failures were noted, so the budget is refilled; and the proof is told again as long as the app runs.
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([outcome.failures, fraudsIn(warningTypes(outcome))], [0, 1]);
  assert.equal(fraudsIn(warningTypes(await vault.status())), 1);
});

test('attack: a fraud with the answer to a refill: the person has the key and the proof, and nothing more is sent', async () => {
  const { service, vault } = await knowingB();
  const world = splitBeside(service, 'A refill');
  const { warnings, isMoved } = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual(sentTo(service), ['A status', 'A recover.start', 'A recover.finish', 'A refill']);
  const frauds = warnings.flatMap((warning) => (warning.type === 'log-fraud' ? [warning.fraudProof] : []));
  assert.deepEqual([isMoved, frauds.length, isProof(frauds[0], world)], [false, 1, true]);
});

test('attack: a fraud in the middle of a move: the key is returned, and the old vault is not erased in that call', async () => {
  const { service, vault } = await owingA();
  const epoch5 = { A: 'draining', B: 'draining', C: 'serving' } as const;
  for (let epoch = 4; epoch <= 5; epoch++) service.publish(epoch5);
  splitBeside(service, 'C status');
  const outcome = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([outcome.isMoved, fraudsIn(warningTypes(outcome))], [false, 1]);
  assert.deepEqual([sentTo(service).at(-1), service.of('A').vault.state], ['C status', 'live']);
  goQuiet(service);
  const next = unlockedOr(await vault.unlock('1234'));
  assert.deepEqual([next.isMoved, fraudsIn(warningTypes(next)), service.of('A').vault.state], [true, 1, 'erased']);
});

test('attack: a fraud while everything is to be erased: it is not lost behind a fleet that was down before', async () => {
  const { service, vault } = await owingA();
  service.down.add('B');
  const world = splitBeside(service, 'A erase');
  await assert.rejects(vault.erase(), isFraudOf(world));
  assert.deepEqual(sentTo(service), ['A erase']);
});

test('attack: a fraud while an erasure is repeated, of which the outcome tells nothing: the app has the proof all the same', async () => {
  const { service, phone, vault } = await owingA();
  const world = splitBeside(service, 'A erase');
  assert.equal(await vault.resume(), undefined);
  assert.equal(sentTo(service).at(-1), 'A erase');
  assert.deepEqual(
    phone.frauds.map((file) => isProof(file, world)),
    [true],
  );
});

test('a fraud that ends a call is told once to the app, before the call ends', async () => {
  const { service, phone, vault } = await knowingB();
  const world = splitBeside(service, 'A status');
  await assert.rejects(vault.unlock('1234'), isFraudOf(world));
  assert.deepEqual(
    phone.frauds.map((file) => isProof(file, world)),
    [true],
  );
});
