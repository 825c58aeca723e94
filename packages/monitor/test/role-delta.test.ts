import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { type EpochReport, roleDelta } from '@coffer/monitor';
import { noteKey, type TrustRoot } from '@coffer/transparency';
import { signedBy } from '@coffer/transparency/testing';
import { auditOf, goodWorld, keyOf, nowMs, ShownWorld } from './harness.js';

test('attack: a rotation that puts the quorum of witnesses into one hand is shown with the epoch that is first under it', async () => {
  const world = goodWorld();
  const { policy, ceremony } = world.trustRoot();
  const second = world.trustRoot({
    version: 2,
    operators: [keyOf('operator'), keyOf('operator 2')].sort((a, b) => (hex(a) < hex(b) ? -1 : 1)),
    policy: { ...policy, groups: [{ name: 'two-of-three', threshold: 1, members: ['w1', 'w2', 'w3'] }] },
    ceremony: { ...ceremony, threshold: 0 },
    revocations: [{ key: keyOf('an old operator'), revokedAtSize: 2 }],
  });
  const source = new ShownWorld(world);
  source.roots.push(signedBy(second, ['root 1', 'root 2']));
  world.publish({ B: 'serving' }, { trustRootVersion: 2, atMs: nowMs - 7_200_000 });
  const epochs: EpochReport[] = [];
  const onEpoch = (report: EpochReport): void => void epochs.push(report);
  await auditOf(source, { trustRoot: world.trustRoot(), onEpoch }).advance();
  assert.deepEqual(
    epochs.map(({ roles }) => roles),
    [
      undefined,
      undefined,
      undefined,
      {
        added: [{ role: 'operator', key: hex(keyOf('operator 2')) }],
        removed: [],
        revoked: [{ key: hex(keyOf('an old operator')), revokedAtSize: 2 }],
        thresholds: [
          {
            of: 'witness',
            from: 'two-of-three; two-of-three = 2 of w1 w2 w3',
            to: 'two-of-three; two-of-three = 1 of w1 w2 w3',
          },
          { of: 'ceremony-witness', from: '1', to: '0' },
        ],
      },
    ],
  );
});

test('every role whose key comes or goes is shown, and every number of them that it takes', () => {
  const before = goodWorld().trustRoot();
  const { policy, rootKeys, ceremony, rebuilders } = before;
  const [old, ...others] = policy.witnesses;
  assert.ok(old !== undefined);
  const fresh = keyOf('fresh');
  const swaps: readonly [string, Uint8Array, Partial<TrustRoot>][] = [
    ['root', rootKeys.keys[0]!, { rootKeys: { ...rootKeys, keys: [fresh, ...rootKeys.keys.slice(1)] } }],
    ['auditor', before.auditors[0]!, { auditors: [fresh] }],
    ['operator', before.operators[0]!, { operators: [fresh] }],
    ['log', policy.logs[0]!.key.key, { policy: { ...policy, logs: [{ key: noteKey(before.origin, 'log', fresh) }] } }],
    [
      'witness',
      old.key.key,
      { policy: { ...policy, witnesses: [{ ...old, key: noteKey(old.key.name, 'witness', fresh) }, ...others] } },
    ],
    [
      'ceremony-witness',
      ceremony.witnesses[0]!,
      { ceremony: { ...ceremony, witnesses: [fresh, ...ceremony.witnesses.slice(1)] } },
    ],
    ['rebuilder', rebuilders.keys[0]!, { rebuilders: { ...rebuilders, keys: [fresh, ...rebuilders.keys.slice(1)] } }],
  ];
  for (const [role, gone, fields] of swaps) {
    const { added, removed } = roleDelta(before, { ...before, ...fields });
    assert.deepEqual([added, removed], [[{ role, key: hex(fresh) }], [{ role, key: hex(gone) }]]);
  }
  const fallen: readonly [string, Partial<TrustRoot>][] = [
    ['root', { rootKeys: { ...rootKeys, threshold: 1 } }],
    ['witness', { policy: { ...policy, quorum: 'w1' } }],
    ['ceremony-witness', { ceremony: { ...ceremony, threshold: 0 } }],
    ['rebuilder', { rebuilders: { ...rebuilders, threshold: 0 } }],
  ];
  for (const [of, fields] of fallen)
    assert.deepEqual(
      roleDelta(before, { ...before, ...fields }).thresholds.map((each) => each.of),
      [of],
    );
  assert.deepEqual(roleDelta(before, before), { added: [], removed: [], revoked: [], thresholds: [] });
});

test('attack: a rotation that gives the names in the quorum to other witnesses', () => {
  const root = goodWorld().trustRoot();
  const policy = { ...root.policy, quorum: 'w1' };
  const [first, second, third] = policy.witnesses;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const witnesses = [{ ...second, name: 'w1' }, { ...first, name: 'w2' }, third];
  const { thresholds, ...rest } = roleDelta({ ...root, policy }, { ...root, policy: { ...policy, witnesses } });
  assert.deepEqual(rest, { added: [], removed: [], revoked: [] });
  const [one, two] = [first, second].map(({ key }) => hex(key.key)) as [string, string];
  assert.deepEqual(thresholds, [
    { of: 'witness w1', from: one, to: two },
    { of: 'witness w2', from: two, to: one },
  ]);
});
