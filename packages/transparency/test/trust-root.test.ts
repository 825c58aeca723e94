import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  decodeTrustRoot,
  encodeTrustRoot,
  noteKey,
  type Revocation,
  revocationsMax,
  rotationsMax,
  type TrustRoot,
  trustRootBytesMax,
  trustRootKeysMax,
  verifyRotation,
  verifyRotations,
} from '@coffer/transparency';
import { coded } from './files.js';
import { keyOf, signedBy, sortKeys, World } from './world.js';

const world = new World();
const root = (fields: Partial<TrustRoot> = {}): TrustRoot => world.trustRoot(fields);
const two = ['root 1', 'root 2'];
const nextRoots = { threshold: 2, keys: sortKeys(['root 3', 'root 4', 'root 5'].map(keyOf)) };

test('trust roots: what is written is read again', () => {
  const revocations: Revocation[] = [
    { key: keyOf('auditor'), revokedAtSize: 7 },
    { key: keyOf('old'), revokedAtSize: 0 },
  ].sort((a, b) => (hex(a.key) < hex(b.key) ? -1 : 1));
  const signed = signedBy(root({ revocations }), ['root 1', 'root 2']);
  const bytes = encodeTrustRoot(signed);
  const read = decodeTrustRoot(bytes);
  assert.deepEqual(read.trustRoot, signed.trustRoot);
  assert.deepEqual(encodeTrustRoot(read), bytes);
});

test('trust roots: rules within one', () => {
  const policy = root().policy;
  const lastByte = (name: string, byte: number): Uint8Array => {
    for (let i = 0; ; i++) {
      const key = keyOf(`${name} ${i}`);
      if (key[31] === byte) return key;
    }
  };
  const bad: Partial<TrustRoot>[] = [
    { version: 0 },
    { namespace: 'example.org' },
    { origin: 'other.example' },
    { origin: 'a b' },
    { auditors: [] },
    { operators: [] },
    { auditors: [keyOf('auditor'), keyOf('auditor')] },
    { auditors: [keyOf('operator')] },
    { operators: [world.log.key] },
    { rootKeys: { threshold: 1, keys: [keyOf('auditor')] } },
    { rootKeys: { threshold: 0, keys: [keyOf('root 1')] } },
    { rootKeys: { threshold: 2, keys: [keyOf('root 1')] } },
    { ceremony: { threshold: 2, witnesses: [keyOf('x')] } },
    { ceremony: { threshold: 1, witnesses: [] } },
    { ceremony: { threshold: 0, witnesses: [keyOf('x'), keyOf('x')] } },
    { ceremony: { threshold: 0, witnesses: [keyOf('operator')] } },
    { rebuilders: { threshold: 1, keys: [] } },
    { rebuilders: { threshold: -1, keys: [] } },
    { rebuilders: { threshold: 0, keys: [keyOf('ceremony witness 1')] } },
    { auditors: [lastByte('a', 1), lastByte('b', 1)] },
    { auditors: [new Uint8Array(31)] },
    { policy: { ...policy, quorum: 'none' } },
    { policy: { ...policy, logs: [] } },
    { policy: { ...policy, logs: [{ key: noteKey(world.origin, 'log', world.witnesses[0]!.key) }] } },
    { revocations: [{ key: keyOf('x'), revokedAtSize: -1 }] },
    { revocations: [1, 2].map((revokedAtSize) => ({ key: keyOf('x'), revokedAtSize })) },
  ];
  for (const fields of bad)
    assert.throws(
      () => encodeTrustRoot({ trustRoot: root(fields), signatures: [] }),
      coded('bad-trust-root'),
      JSON.stringify(fields),
    );
});

test('trust roots: limits at their edges', () => {
  const keys = (count: number, name = 'root') =>
    sortKeys(Array.from({ length: count }, (_, i) => keyOf(`${name} ${i}`)));
  const write = (fields: Partial<TrustRoot>) => encodeTrustRoot({ trustRoot: root(fields), signatures: [] });
  write({ operators: keys(trustRootKeysMax, 'operator') });
  assert.throws(() => write({ operators: keys(trustRootKeysMax + 1, 'operator') }), coded('bad-trust-root'));
  write({ ceremony: { threshold: trustRootKeysMax, witnesses: keys(trustRootKeysMax, 'present') } });
  const witnesses = keys(trustRootKeysMax + 1, 'present');
  assert.throws(() => write({ ceremony: { threshold: 0, witnesses } }), coded('bad-trust-root'));
  write({ ceremony: { threshold: 0, witnesses: [] }, rebuilders: { threshold: 0, keys: [] } });
  write({ rebuilders: { threshold: 1, keys: keys(trustRootKeysMax, 'rebuilder') } });
  const rebuilders = { threshold: 1, keys: keys(trustRootKeysMax + 1, 'rebuilder') };
  assert.throws(() => write({ rebuilders }), coded('bad-trust-root'));
  write({ rootKeys: { threshold: trustRootKeysMax, keys: keys(trustRootKeysMax) } });
  assert.throws(() => write({ rootKeys: { threshold: 1, keys: keys(trustRootKeysMax + 1) } }), coded('bad-trust-root'));
  const revocations = (count: number) =>
    sortKeys(Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i, i >> 8)))).map((key) => ({
      key,
      revokedAtSize: 1,
    }));
  write({ revocations: revocations(revocationsMax) });
  assert.throws(() => write({ revocations: revocations(revocationsMax + 1) }), coded('bad-trust-root'));
  assert.throws(() => decodeTrustRoot(new Uint8Array(trustRootBytesMax + 1)), coded('bad-trust-root'));
});

test('rotation: thresholds of the old and of the new keys', () => {
  const next = root({ version: 2, rootKeys: nextRoots });
  const rotate = (names: string[]) => verifyRotation(root(), signedBy(next, names));
  assert.deepEqual(rotate(['root 1', 'root 2', 'root 4', 'root 5']), next);
  assert.deepEqual(rotate(['root 1', 'root 3', 'root 4']), next, 'a key of both counts for both');
  for (const names of [
    ['root 1', 'root 2'],
    ['root 4', 'root 5'],
    ['root 1', 'root 2', 'root 4'],
    ['root 1', 'root 4', 'root 5'],
    ['root 1', 'thief', 'root 4', 'root 5'],
    [],
  ])
    assert.throws(() => rotate(names), coded('below-threshold'), names.join());
});

test('rotation: one key signing twice is one key', () => {
  const next = root({ version: 2 });
  const [signature] = signedBy(next, ['root 1']).signatures;
  assert.throws(
    () => verifyRotation(root(), { trustRoot: next, signatures: [signature!, signature!] }),
    coded('below-threshold'),
  );
  assert.throws(
    () => encodeTrustRoot({ trustRoot: next, signatures: [signature!, signature!] }),
    coded('bad-trust-root'),
  );
});

test('rotation: a signature counts for the root that it was made for', () => {
  const other = signedBy(root({ version: 2, operators: [keyOf('thief')] }), two);
  assert.throws(() => verifyRotation(root(), { ...other, trustRoot: root({ version: 2 }) }), coded('below-threshold'));
});

test('rotation: versions one by one, the same log, and no revocation undone', () => {
  const step = (before: Partial<TrustRoot>, after: Partial<TrustRoot>) =>
    verifyRotation(root(before), signedBy(root({ version: 2, ...after }), two));
  const at = (revokedAtSize: number) => [{ key: keyOf('auditor'), revokedAtSize }];
  step({}, {});
  for (const version of [1, 3]) assert.throws(() => step({}, { version }), coded('version-not-next'));
  assert.throws(() => step({}, { namespace: 'x.encrypted_backups.fleet_keys.v1' }), coded('other-log'));
  assert.throws(() => step({}, { origin: 'x.example' }), coded('other-log'));
  step({ revocations: at(5) }, { revocations: at(5) });
  step({ revocations: at(5) }, { revocations: at(4) });
  step({ revocations: at(5) }, { auditors: [keyOf('auditor 2')] });
  assert.throws(() => step({ revocations: at(5) }, { revocations: at(6) }), coded('revocation-undone'));
  assert.throws(() => step({ revocations: at(5) }, {}), coded('revocation-undone'));
});

test('rotation: a key of any role that was revoked is not listed again without it', () => {
  const { ceremony, rebuilders, policy } = root();
  const others = [
    { threshold: 0, witnesses: [] },
    { threshold: 0, keys: [] },
  ] as const;
  const roles: readonly [string, Uint8Array, Partial<TrustRoot> | undefined][] = [
    ['auditor', keyOf('auditor'), { auditors: [keyOf('auditor 2')] }],
    ['operator', keyOf('operator'), { operators: [keyOf('operator 2')] }],
    ['log', world.log.key, undefined],
    ['witness', policy.witnesses[0]!.key.key, undefined],
    ['root key', keyOf('root 1'), { rootKeys: nextRoots }],
    ['ceremony witness', ceremony.witnesses[0]!, { ceremony: others[0] }],
    ['rebuilder', rebuilders.keys[0]!, { rebuilders: others[1] }],
  ];
  for (const [role, key, without] of roles) {
    const revocations = [{ key, revokedAtSize: 1 }];
    const to = (fields: Partial<TrustRoot>) => {
      const names = [...two, 'root 3', 'root 4'];
      return verifyRotation(root({ revocations }), signedBy(root({ version: 2, ...fields }), names));
    };
    to({ revocations });
    assert.throws(() => to({}), coded('revocation-undone'), role);
    if (without !== undefined) to(without);
  }
});

test('rotation: a chain, in order and within its limit', () => {
  const versions = [2, 3, 4].map((version) => encodeTrustRoot(signedBy(root({ version }), two)));
  assert.equal(verifyRotations(root(), versions).version, 4);
  assert.equal(verifyRotations(root(), []).version, 1);
  assert.throws(() => verifyRotations(root(), versions.slice(1)), coded('version-not-next'));
  assert.throws(() => verifyRotations(root(), [...versions].reverse()), coded('version-not-next'));
  const many = Array.from({ length: rotationsMax + 1 }, () => versions[0]!);
  assert.throws(() => verifyRotations(root(), many), coded('bad-trust-root'));
  assert.throws(() => verifyRotations(root(), many.slice(1)), coded('version-not-next'));
});
