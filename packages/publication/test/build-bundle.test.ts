import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { buildBundle, PublicationError, rebaseBundle } from '@coffer/publication';
import { missing, WorldReader } from '@coffer/publication/testing';
import {
  type ClientTrust,
  decodeBundle,
  decodeLeaf,
  newClientTrust,
  noteKey,
  noteSigner,
  standardWaiting,
  type TrustRoot,
  tileWidth,
  type VerifiedBundle,
  verifyBundle,
} from '@coffer/transparency';
import {
  dayMs,
  fleetOf,
  flipBit,
  keyOf,
  namespace,
  origin,
  seedOf,
  sortKeys,
  startMs,
  World,
} from '@coffer/transparency/testing';

const waitingMs = 3 * dayMs;
const newestMs = startMs + 20 * dayMs;

/** Fleet A from the first epoch on, B from the second, C only in the newest: one epoch an hour, the last one just now. */
function longWorld(epochs: number): World {
  const world = new World();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const fleets = {
      A: 'serving',
      ...(epoch > 1 ? { B: 'serving' } : {}),
      ...(epoch === epochs ? { C: 'serving' } : {}),
    };
    world.publish(fleets as never, { atMs: startMs + epoch, notAfterMs: newestMs + dayMs });
  }
  return world;
}

/** Epochs were published an hour apart, the newest one an hour ago. */
const hourly =
  (size: number) =>
  (at: number): number =>
    newestMs - (size - at + 1) * 3_600_000;

function trustAt(world: World, size: number): ClientTrust {
  if (size === 0) return newClientTrust;
  const note = world.checkpoint(size, [startMs, startMs]);
  return {
    trustRootVersion: 1,
    epoch: size,
    verifiedMs: startMs,
    checkpoint: { origin, size, root: world.root(size), note },
  };
}

function verified(
  world: World,
  bundle: Uint8Array,
  fromSize: number,
  trustRoot: TrustRoot = world.trustRoot(),
): VerifiedBundle {
  return verifyBundle({
    bundle,
    trustRoot,
    clientTrust: trustAt(world, fromSize),
    nowMs: newestMs,
    expectations: { namespace, origin },
    waiting: standardWaiting(),
  });
}

const names = (bundle: VerifiedBundle): string[] => bundle.fleets.map(({ descriptor }) => hex(descriptor.configHash));
const hashOf = (name: string): string => hex(fleetOf(name).configHash);

test('every size of a small log, from every size: the bundle is accepted', async () => {
  const sizeMax = 14;
  const world = new World();
  for (let size = 1; size <= sizeMax; size++) {
    world.publish({ A: 'serving' }, { atMs: startMs + size, notAfterMs: newestMs + dayMs });
    const reader = new WorldReader(world, { size, newestMs, firstMs: hourly(size) });
    for (let fromSize = 0; fromSize <= size; fromSize++) {
      const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize, waitingMs });
      assert.equal(verified(world, bundle, fromSize).epoch, size);
    }
  }
});

test('across the edges of tiles: the bundle is accepted, and only tiles that it needs are read', async () => {
  const sizes = [255, 256, 257, 511, 512, 513, 515];
  const world = new World();
  for (let size = 1; size <= 2 * tileWidth + 3; size++) {
    // What nobody opens may be anything.
    if (sizes.includes(size)) world.publish({ A: 'serving' }, { atMs: startMs + size, notAfterMs: newestMs + dayMs });
    else world.logLeaf(Uint8Array.of(1), Uint8Array.of(2));
  }
  for (const size of sizes) {
    for (const fromSize of [0, 1, 100, 255, 256, 257, 400, 511, 512, 515].filter((from) => from <= size)) {
      const reader = new WorldReader(world, { size, newestMs, firstMs: hourly(size) });
      const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize, waitingMs: 0 });
      assert.equal(verified(world, bundle, fromSize).epoch, size);
      assert.ok(reader.asked.filter((path) => path.startsWith('tile/')).length <= 4, reader.asked.join());
    }
  }
});

test('one older epoch shows all that has been public for long enough; what has not is not accepted', async () => {
  const world = longWorld(100);
  const reader = new WorldReader(world, { size: 100, newestMs, firstMs: hourly(100) });
  const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 0, waitingMs });
  assert.deepEqual(names(verified(world, bundle, 0)), [hashOf('A'), hashOf('B')]);
  assert.equal(decodeBundle(bundle).maturity.length, 1);
  // Epoch 29 was first seen 72 hours before the newest cosignatures, 30 an hour later: found in few steps.
  assert.equal(JSON.parse(Buffer.from(decodeBundle(bundle).maturity[0]!.leaf).toString()).epoch, 29);
  assert.ok(reader.asked.filter((path) => path.startsWith('checkpoint')).length <= 16, reader.asked.join());
});

test('the newest epoch itself, once it is old, is its own older epoch', async () => {
  const world = longWorld(3);
  const reader = new WorldReader(world, { size: 3, newestMs, firstMs: () => startMs + dayMs });
  const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 0, waitingMs });
  assert.deepEqual(names(verified(world, bundle, 0)), ['A', 'B', 'C'].map(hashOf));
});

test('sizes whose checkpoint never got its quorum, or is not kept, are skipped', async () => {
  const world = longWorld(100);
  for (const known of [[29], [1], [28, 60], [2, 3, 99]]) {
    const firstMs = (size: number) => (known.includes(size) ? hourly(100)(size) : undefined);
    const reader = new WorldReader(world, { size: 100, newestMs, firstMs });
    const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 7, waitingMs });
    assert.ok(names(verified(world, bundle, 7)).includes(hashOf('A')), known.join());
  }
  // Nothing known at all: nothing is accepted.
  const none = new WorldReader(world, { size: 100, newestMs, firstMs: () => undefined });
  const bundle = await buildBundle(none, { trustRoot: world.trustRoot(), fromSize: 7, waitingMs });
  assert.deepEqual(names(verified(world, bundle, 7)), []);
});

test('a bundle of one size serves readers of every other one', async () => {
  const world = longWorld(40);
  const reader = new WorldReader(world, { size: 40, newestMs, firstMs: hourly(40) });
  const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 0, waitingMs });
  for (let fromSize = 0; fromSize <= 40; fromSize++)
    assert.equal(verified(world, await rebaseBundle(reader, bundle, fromSize), fromSize).epoch, 40);
  await refused('bad-size', () => rebaseBundle(reader, bundle, 41));
});

test('an older epoch whose signer is not listed any more, or was revoked before it, is left out: the bundle is accepted', async () => {
  const next = { version: 2, auditors: [keyOf('auditor 2')], operators: [keyOf('operator 2')] };
  const both = {
    auditors: sortKeys(['auditor', 'auditor 2'].map(keyOf)),
    operators: sortKeys(['operator', 'operator 2'].map(keyOf)),
  };
  const revoked = (key: string, revokedAtSize: number) => ({ revocations: [{ key: keyOf(key), revokedAtSize }] });
  const roots: readonly [string, Partial<TrustRoot>, number][] = [
    ['both are listed still', both, 1],
    ['the auditor is not listed', { operators: both.operators }, 0],
    ['the operator is not listed', { auditors: both.auditors }, 0],
    ['the auditor was revoked after it', { ...both, ...revoked('auditor', 3) }, 1],
    ['the auditor was revoked before it', { ...both, ...revoked('auditor', 2) }, 0],
    ['the operator was revoked before it', { ...both, ...revoked('operator', 2) }, 0],
  ];
  for (const [name, fields, count] of roots) {
    const world = new World();
    const options = { atMs: startMs, notAfterMs: newestMs + dayMs };
    const changed = { ...options, trustRootVersion: 2, auditor: 'auditor 2', operator: 'operator 2' };
    for (let epoch = 1; epoch <= 4; epoch++) world.publish({ A: 'serving' }, epoch < 4 ? options : changed);
    const trustRoot = world.trustRoot({ ...next, ...fields });
    const reader = new WorldReader(world, { size: 4, newestMs, firstMs: (size) => (size < 4 ? startMs : newestMs) });
    const bundle = await buildBundle(reader, { trustRoot, fromSize: 3, waitingMs });
    assert.equal(decodeBundle(bundle).maturity.length, count, name);
    const accepted = verified(world, bundle, 3, trustRoot);
    assert.deepEqual([accepted.epoch, names(accepted)], [4, count === 1 ? [hashOf('A')] : []], name);
  }
});

test('a checkpoint of a log key that was revoked before it proves no maturity: one of an earlier size does', async () => {
  const world = new World();
  for (let epoch = 1; epoch <= 4; epoch++) world.publish({ A: 'serving' }, { notAfterMs: newestMs + dayMs });
  const [first, second] = [world.log, noteSigner(world.origin, 'log', seedOf('log 2'))] as const;
  const { policy } = world.trustRoot();
  const revocations = [{ key: first.key, revokedAtSize: 2 }];
  const logs = [first, second].map(({ name, use, key }) => ({ key: noteKey(name, use, key) }));
  const trustRoot = world.trustRoot({ policy: { ...policy, logs }, revocations });
  const reader = new WorldReader(world, { size: 4, newestMs, firstMs: () => startMs });
  reader.checkpoint = async () => {
    Object.assign(world, { log: second });
    const note = world.checkpoint(4, [newestMs, newestMs, newestMs]);
    Object.assign(world, { log: first });
    return note;
  };
  const bundle = await buildBundle(reader, { trustRoot, fromSize: 2, waitingMs });
  const [older] = decodeBundle(bundle).maturity;
  assert.equal(older && decodeLeaf(older.leaf).epoch, 2);
  assert.deepEqual(names(verified(world, bundle, 2, trustRoot)), [hashOf('A')]);
});

test('sizes that the log has not reached, and an empty log', async () => {
  const world = longWorld(3);
  const trustRoot = world.trustRoot();
  const reader = new WorldReader(world, { size: 3, newestMs, firstMs: () => startMs });
  for (const fromSize of [4, -1, 1.5])
    await refused('bad-size', () => buildBundle(reader, { trustRoot, fromSize, waitingMs }));
  const empty = new WorldReader(new World(), { size: 0, newestMs, firstMs: () => startMs });
  await refused('not-published', () => buildBundle(empty, { trustRoot, fromSize: 0, waitingMs }));
});

const breaks: readonly [string, string, (reader: WorldReader, world: World) => void][] = [
  ['a tile is missing', 'not-published', (reader) => Object.assign(reader, { tile: () => Promise.reject(missing()) })],
  ['a tile is short', 'bad-log', (reader) => change(reader, 'tile', (bytes) => bytes.slice(32))],
  ['a tile is corrupt', 'bad-log', (reader) => change(reader, 'tile', (bytes) => flipBit(bytes, 77))],
  ['a leaf is another one', 'bad-log', (reader, world) => change(reader, 'leaf', () => world.leaves[0]!)],
  ['an artifact is another one', 'bad-log', (reader, world) => change(reader, 'artifact', () => world.artifacts[0]!)],
  ['the checkpoint is no note', 'bad-log', (reader) => change(reader, 'checkpoint', (bytes) => bytes.slice(9))],
  [
    'the checkpoint is not the log’s',
    'bad-log',
    (reader) => change(reader, 'checkpoint', (bytes) => flipBit(bytes, 330)),
  ],
];

function change(
  reader: WorldReader,
  method: 'tile' | 'leaf' | 'artifact' | 'checkpoint',
  to: (bytes: Uint8Array) => Uint8Array,
) {
  const read = (reader[method] as (arg: never) => Promise<Uint8Array>).bind(reader);
  reader[method] = async (arg?: unknown) => to(await read(arg as never));
}

for (const [name, code, damage] of breaks) {
  test(`no bundle when ${name}: ${code}`, async () => {
    const world = longWorld(12);
    const reader = new WorldReader(world, { size: 12, newestMs, firstMs: () => startMs });
    damage(reader, world);
    await refused(code, () => buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 5, waitingMs }));
  });
}

test('a partial tile that was dropped for the full one', async () => {
  const world = longWorld(200);
  while (world.size < 260) world.logLeaf(Uint8Array.of(1), Uint8Array.of(2));
  const reader = new WorldReader(world, { size: 200, newestMs, firstMs: () => startMs });
  const full = new WorldReader(world, { size: 260, newestMs, firstMs: () => startMs });
  reader.tile = (path) => (path.includes('.p/') ? Promise.reject(missing()) : full.tile(path));
  const bundle = await buildBundle(reader, { trustRoot: world.trustRoot(), fromSize: 77, waitingMs });
  assert.equal(verified(world, bundle, 77).epoch, 200);
});

async function refused(code: string, run: () => Promise<unknown>): Promise<void> {
  await assert.rejects(run, (error) => error instanceof PublicationError && error.code === code);
}
