import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBundle, httpLogReader } from '@coffer/publication';
import { newClientTrust, TransparencyError, verifyBundle } from '@coffer/transparency';
import { Bench, dayMs, fleetOf, type Listed, namespace, origin, startMs } from '../packages/auditor/test/harness.js';

/** What the auditor publishes is what a client takes: auditor, its HTTP, the builder of bundles and the client's checks. */

const [a, b] = [fleetOf('A'), fleetOf('B')];
const one: Listed = [[a, 'serving']];
const two: Listed = [
  [a, 'draining'],
  [b, 'serving'],
];

test('a client takes a fleet over the air, three days after the auditor published it, and goes on from there', async () => {
  const bench = new Bench();
  const reader = httpLogReader('http://auditor.example', namespace, async (url) => {
    const { status, body } = await bench.get(url.slice('http://auditor.example'.length));
    return { status, body: body as any };
  });
  const bundleFrom = (fromSize: number) =>
    buildBundle(reader, { trustRoot: bench.root, fromSize, waitingMs: 3 * dayMs });
  const request = { trustRoot: bench.root, expectations: { namespace, origin } };
  await bench.publish(one);
  const early = await bundleFrom(0);
  const isImmature = (error: unknown) => error instanceof TransparencyError && error.code === 'immature';
  const expectA = { ...request.expectations, fleetId: a.descriptor.fleetId };
  assert.throws(
    () =>
      verifyBundle({
        ...request,
        expectations: expectA,
        bundle: early,
        clientTrust: newClientTrust,
        nowMs: bench.time.ms,
      }),
    isImmature,
  );

  bench.time.pass(3 * dayMs);
  await bench.auditor.refresh(namespace);
  const first = verifyBundle({
    ...request,
    expectations: expectA,
    bundle: await bundleFrom(0),
    clientTrust: newClientTrust,
    nowMs: bench.time.ms,
  });
  assert.deepEqual([first.epoch, first.fleets.map(({ status }) => status)], [1, ['serving']]);

  await bench.publish(two);
  bench.time.pass(3 * dayMs);
  await bench.auditor.refresh(namespace);
  const second = verifyBundle({
    ...request,
    expectations: { ...request.expectations, fleetId: b.descriptor.fleetId },
    bundle: await bundleFrom(1),
    clientTrust: first.clientTrust,
    nowMs: bench.time.ms,
  });
  assert.equal(second.epoch, 2);
  assert.ok(bench.time.ms > startMs + 5 * dayMs);
});
