import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEvidenceIndex } from '@coffer/evidence';
import type { ConfigHash } from '@coffer/protocol';
import { fleetPlanSchema, planAt } from '../dist/fleet/plan.js';

const token = { module: '/usr/lib/softhsm/libsofthsm2.so', token: { label: 'ams' } };
const planWith = (keyStore: unknown) => ({
  sites: ['lis', { name: 'ams', keyStore }],
  operator: 'op.key',
  witnesses: ['w.key'],
});

test('paths of a script start at its folder: keys of those present, PIN files, modules, key store files', () => {
  const plan = fleetPlanSchema.parse(planWith({ pkcs11: { ...token, pin: { file: 'ams.pin' } } }));
  const { sites, operator, witnesses } = planAt('/safe', plan);
  assert.deepEqual([operator, witnesses], ['/safe/op.key', ['/safe/w.key']]);
  const pkcs11 = { ...token, pin: { file: '/safe/ams.pin' } };
  assert.deepEqual(sites, [{ name: 'lis' }, { name: 'ams', keyStore: { pkcs11 } }]);
  const besides = planAt('/safe', fleetPlanSchema.parse(planWith('ams.keys')));
  assert.deepEqual(besides.sites[1], { name: 'ams', keyStore: '/safe/ams.keys' });
  const variable = planAt('/safe', fleetPlanSchema.parse(planWith({ pkcs11: { ...token, pin: { env: 'PIN' } } })));
  assert.deepEqual(variable.sites[1]?.keyStore, { pkcs11: { ...token, pin: { env: 'PIN' } } });
});

test('a PIN from a descriptor is refused: no HSM that a ceremony starts would inherit it', () => {
  const parsed = fleetPlanSchema.safeParse(planWith({ pkcs11: { ...token, pin: { fd: 3 } } }));
  assert.match(parsed.error?.issues[0]?.message ?? '', /from a file or from the environment/);
});

test('a site has a name that its evidence can have, too', () => {
  const named = (name: string) => fleetPlanSchema.safeParse({ ...planWith('ams.keys'), sites: [name] }).success;
  const longest = 'a'.repeat(32);
  const configHash = new Uint8Array(32) as ConfigHash;
  for (const name of ['a', '0', 'ams-1', longest]) {
    assert.ok(named(name), name);
    encodeEvidenceIndex({ configHash, items: [{ kind: 'quote', name, digest: new Uint8Array(32), bytes: 1 }] });
  }
  for (const name of ['', '-ams', 'Ams', 'ams.1', `${longest}a`]) assert.ok(!named(name), name);
});
