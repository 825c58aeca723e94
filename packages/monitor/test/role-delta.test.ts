import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import type { EpochReport } from '@coffer/monitor';
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
