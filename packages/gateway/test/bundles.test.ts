import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleEvent, LogBundleSource, type NewestEpoch } from '@coffer/gateway';
import { decodeVaultAnswer, encodeVaultCall, type FleetDescriptor, type KnownEpoch } from '@coffer/protocol';
import { PublicationError } from '@coffer/publication';
import { missing, WorldReader } from '@coffer/publication/testing';
import {
  type ClientTrust,
  decodeBundle,
  encodeTrustRoot,
  newClientTrust,
  type TrustRoot,
  verifyBundle,
} from '@coffer/transparency';
import { dayMs, flipBit, namespace, origin, signedBy, startMs, World } from '@coffer/transparency/testing';
import { type Bench, bench, refusal, TestTime } from './harness.js';

const operatorToken = 'a token of the operator';
const roots = ['root 1', 'root 2', 'root 3'];

interface Published {
  readonly world: World;
  readonly reader: WorldReader;
  readonly source: LogBundleSource;
  readonly events: BundleEvent[];
  readonly time: TestTime;
  gateway(): Bench;
  /** Publishes one more epoch. */
  publish(trustRootVersion?: number): void;
}

/** A log of two epochs with a source that has seen nothing yet. */
function published(): Published {
  const world = new World();
  const time = new TestTime();
  time.ms = startMs + 5 * dayMs;
  const options = () => ({ size: world.size, newestMs: time.ms, firstMs: () => startMs });
  world.publish({ A: 'serving' });
  world.publish({ A: 'serving', B: 'serving' });
  const reader = new WorldReader(world, options());
  const events: BundleEvent[] = [];
  const trustRoot = encodeTrustRoot(signedBy(world.trustRoot(), roots));
  reader.roots.push(trustRoot);
  const source = new LogBundleSource({
    reader,
    trustRoot,
    clock: time,
    timers: time,
    log: (event) => events.push(event),
  });
  return {
    world,
    reader,
    source,
    events,
    time,
    gateway: () => bench({}, [], { bundles: source, operatorToken }),
    publish(trustRootVersion = 1) {
      const serving = { A: 'serving', B: 'serving' } as const;
      world.publish(serving, { atMs: startMs + world.size, trustRootVersion });
      reader.options = options();
    },
  };
}

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

function epochOf(
  bundle: Uint8Array | undefined,
  { world, time }: Published,
  size: number,
  trustRoot?: TrustRoot,
): number {
  assert.ok(bundle !== undefined);
  return verifyBundle({
    bundle,
    trustRoot: trustRoot ?? world.trustRoot(),
    clientTrust: trustAt(world, size),
    nowMs: time.ms,
    expectations: { namespace, origin },
  }).epoch;
}

async function call({ post }: Bench, fleet: FleetDescriptor, known?: KnownEpoch): Promise<Uint8Array | undefined> {
  const body = encodeVaultCall({ configHash: fleet.configHash, request: Uint8Array.of(1), known });
  const response = await post({ body });
  assert.equal(response.status, 200);
  return decodeVaultAnswer(new Uint8Array(await response.arrayBuffer())).bundle;
}

const get = (gateway: Bench, path: string, init?: RequestInit): Promise<Response> =>
  gateway.gateway.fetch(new Request(`http://gateway.example${path}`, init), { address: '192.0.2.1' });

const octets = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());

test('an answer carries the bundle to who named an older epoch, from the size that they named, and to nobody else', async () => {
  const log = published();
  await log.source.refresh();
  const gateway = log.gateway();
  assert.equal(epochOf(await call(gateway, gateway.fleet, { epoch: 1, size: 1 }), log, 1), 2);
  assert.equal(epochOf(await call(gateway, gateway.fleet, { epoch: 0, size: 0 }), log, 0), 2);
  assert.equal(await call(gateway, gateway.fleet, { epoch: 2, size: 2 }), undefined);
  assert.equal(await call(gateway, gateway.fleet, { epoch: 3, size: 3 }), undefined);
  assert.equal(await call(gateway, gateway.fleet), undefined);
});

test('a size that the log has not reached, a log that is down, and no bundle yet: the reply comes without one', async () => {
  const log = published();
  const gateway = log.gateway();
  assert.equal(await call(gateway, gateway.fleet, { epoch: 1, size: 1 }), undefined);
  await log.source.refresh();
  assert.equal(await call(gateway, gateway.fleet, { epoch: 1, size: 9 }), undefined);
  log.reader.tile = () => Promise.reject(new PublicationError('unreachable', 'down'));
  assert.equal(await call(gateway, gateway.fleet, { epoch: 1, size: 1 }), undefined);
});

test('a log that answers nothing holds no reply back', async () => {
  const log = published();
  await log.source.refresh();
  log.reader.tile = () => new Promise(() => undefined);
  const gateway = log.gateway();
  assert.equal(await call(gateway, gateway.fleet, { epoch: 1, size: 1 }), undefined);
});

test('GET /v1/bundle: from any size that the log has, without a token; 404 beyond, 503 before there is one', async () => {
  const log = published();
  const gateway = log.gateway();
  assert.deepEqual(await refusal(await get(gateway, '/v1/bundle?size=0')), { status: 503, code: 'unavailable' });
  await log.source.refresh();
  for (const size of [0, 1, 2])
    assert.equal(epochOf(await octets(await get(gateway, `/v1/bundle?size=${size}`)), log, size), 2);
  assert.equal((await get(gateway, '/v1/bundle?size=3')).status, 404);
  for (const query of ['', '?size=', '?size=01', '?size=-1', '?size=9007199254740992', '?size=1e3'])
    assert.deepEqual(await refusal(await get(gateway, `/v1/bundle${query}`)), { status: 400, code: 'bad-request' });
  assert.equal((await get(gateway, '/v1/bundle', { method: 'POST' })).status, 405);
  assert.equal((await get(bench(), '/v1/bundle?size=0')).status, 404, 'a gateway without transparency');
});

test('GET /v1/bundle counts against the limit of the address', async () => {
  const log = published();
  await log.source.refresh();
  const gateway = bench({ addressBurst: 2, addressPerMinute: 1 }, [], { bundles: log.source });
  for (const status of [200, 200, 429]) assert.equal((await get(gateway, '/v1/bundle?size=0')).status, status);
});

test('GET /v1/trust-roots: the one it has, older ones from the log, none that nobody signed for it yet', async () => {
  const log = published();
  const gateway = log.gateway();
  assert.deepEqual(await octets(await get(gateway, '/v1/trust-roots/1')), log.reader.roots[0]);
  log.reader.roots.push(Uint8Array.of(1));
  for (const version of ['0', '2']) assert.equal((await get(gateway, `/v1/trust-roots/${version}`)).status, 404);
  assert.equal((await get(gateway, '/v1/trust-roots/x')).status, 400);
});

test('POST /v1/bundle/refresh is the operator’s alone', async () => {
  const log = published();
  const gateway = log.gateway();
  const post = (authorization: string): Promise<Response> =>
    get(gateway, '/v1/bundle/refresh', { method: 'POST', headers: { authorization } });
  for (const wrong of ['', 'Bearer ', `Bearer ${operatorToken}x`, operatorToken])
    assert.deepEqual(await refusal(await post(wrong)), { status: 401, code: 'unauthorized' });
  assert.equal(log.source.newest(), undefined);
  assert.deepEqual(await (await post(`Bearer ${operatorToken}`)).json(), { epoch: 2, size: 2 });
  log.publish();
  assert.deepEqual(await (await post(`Bearer ${operatorToken}`)).json(), { epoch: 3, size: 3 });
  const closed = bench({}, [], { bundles: log.source });
  const headers = { authorization: `Bearer ${operatorToken}` };
  assert.equal((await get(closed, '/v1/bundle/refresh', { method: 'POST', headers })).status, 404);
});

const forgeries: readonly [string, string, (log: Published) => void][] = [
  [
    'an auditor whom nobody knows',
    'bad-auditor-signature',
    ({ world }) => world.publish({ A: 'serving' }, { auditor: 'thief', atMs: startMs + 9 }),
  ],
  ['a log put back', 'bad-size', (log) => (log.reader.options = { ...log.reader.options, size: 1 })],
  [
    'no quorum of witnesses',
    'no-witness-quorum',
    ({ reader, world }) => (reader.checkpoint = async () => world.checkpoint(world.size, [startMs + 5 * dayMs])),
  ],
  ['witnesses that stopped', 'stale', (log) => (log.reader.options = { ...log.reader.options, newestMs: startMs })],
  ['a tile that was changed', 'bad-log', ({ reader }) => (reader.tile = after(reader.tile.bind(reader)))],
  [
    'a log that is down',
    'unreachable',
    ({ reader }) => (reader.checkpoint = () => Promise.reject(new PublicationError('unreachable', 'down'))),
  ],
  ['a trust root that is not published', 'not-published', (log) => log.publish(2)],
];

const after =
  (read: (path: string) => Promise<Uint8Array>) =>
  async (path: string): Promise<Uint8Array> =>
    flipBit(await read(path), 9);

for (const [name, code, forge] of forgeries) {
  test(`what it does not verify it does not hand out; the last good bundle stays: ${name}`, async () => {
    const log = published();
    await log.source.refresh();
    forge(log);
    log.reader.options = {
      ...log.reader.options,
      size: Math.max(log.reader.options.size, code === 'bad-size' ? 0 : log.world.size),
    };
    await assert.rejects(log.source.refresh(), { code });
    assert.deepEqual(log.events.at(-1), { type: 'bundle-refresh-failed', code });
    assert.equal(log.source.newest()?.epoch, 2);
    log.reader.tile = WorldReader.prototype.tile;
    assert.equal(epochOf(await log.source.bundleFrom(0), log, 0), 2);
    const page = await (await get(log.gateway(), '/metrics')).text();
    assert.match(page, new RegExp(`coffer_gateway_bundle_refresh_failures_total{code="${code}"} 1`));
    assert.match(page, /coffer_gateway_bundle_epoch 2\n/);
  });
}

test('a trust root that was rotated is fetched, verified and handed on', async () => {
  const log = published();
  await log.source.refresh();
  const second = log.world.trustRoot({ version: 2 });
  log.reader.roots.push(encodeTrustRoot(signedBy(second, ['root 1'])));
  log.publish(2);
  await assert.rejects(log.source.refresh(), { code: 'below-threshold' });
  assert.equal(await log.source.trustRoot(2), undefined);
  log.reader.roots[1] = encodeTrustRoot(signedBy(second, ['root 1', 'root 3']));
  assert.equal((await log.source.refresh()).epoch, 3);
  assert.deepEqual(await log.source.trustRoot(2), log.reader.roots[1]);
  assert.equal(epochOf(await log.source.bundleFrom(1), log, 1, second), 3);
});

test('bundles are kept for as many sizes as the limit says, and one that failed is made again', async () => {
  const log = published();
  for (let i = 0; i < 40; i++) log.publish();
  await log.source.refresh();
  const before = log.reader.asked.length;
  for (let round = 0; round < 2; round++) for (let size = 1; size <= 31; size++) await log.source.bundleFrom(size);
  const once = log.reader.asked.length - before;
  assert.equal(once, 31, 'one tile each, the second time none');
  await log.source.bundleFrom(32);
  await log.source.bundleFrom(33);
  await log.source.bundleFrom(1);
  assert.equal(log.reader.asked.length - before, once + 3, 'the first of them was forgotten');
  log.reader.tile = () => Promise.reject(missing());
  await assert.rejects(log.source.bundleFrom(40), { code: 'not-published' });
  log.reader.tile = WorldReader.prototype.tile;
  assert.ok((await log.source.bundleFrom(40)) !== undefined);
});

test('it looks again by itself until it is stopped, whatever the look came to', async () => {
  const log = published();
  log.reader.checkpoint = () => Promise.reject(new PublicationError('unreachable', 'down'));
  const seen = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  log.source.start();
  while (log.events.length < 3) await seen();
  log.reader.checkpoint = WorldReader.prototype.checkpoint;
  log.reader.options = { ...log.reader.options, newestMs: log.time.ms };
  let newest: NewestEpoch | undefined;
  while (newest === undefined) {
    await seen();
    newest = log.source.newest();
  }
  log.source.stop();
  assert.equal(decodeBundle((await log.source.bundleFrom(0)) as Uint8Array).consistency.fromSize, 0);
});
