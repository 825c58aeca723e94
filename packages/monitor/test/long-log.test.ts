import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditOf, ShownWorld } from './harness.js';
import { assertFlat, longWorld, measureAudit } from './long-log.js';

// Three bundles of entries, two full tiles and a tile of the next level. `npm run audit-long` takes 10,000 epochs.
const world = longWorld(530);

test('a long log from scratch: no doubt, and memory stays flat', async () => {
  const measured = await measureAudit(world, 100);
  assert.equal(measured.epochs, 530);
  assertFlat(measured);
});

test('a long log: one changed hash in any tile is noticed', async () => {
  const ns = world.namespace;
  const changed = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  const tiles = ['0/000', '0/001', '0/002.p/18', '1/000.p/2'].map((tile) => `/logs/${ns}/tile/${tile}`);
  const source = new ShownWorld(world, Object.fromEntries(tiles.map((tile) => [tile, changed])));
  const { doubts } = await auditOf(source, { trustRoot: world.trustRoot() }).advance();
  assert.deepEqual(
    doubts.map(({ code }) => code),
    tiles.map(() => 'tile'),
  );
});
