import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { httpLogReader, PublicationError } from '@coffer/publication';
import { noteBytesMax } from '@coffer/transparency';

const namespace = 'example.encrypted_backups.fleet_keys.v1';

async function serving(t: TestContext, answer: (path: string) => { status: number; body: Uint8Array } | 'breaks-off') {
  const server = createServer((request, response) => {
    const given = answer(request.url ?? '');
    if (given === 'breaks-off') {
      response.writeHead(200, { 'content-length': 100 });
      response.write(new Uint8Array(50), () => response.destroy());
      return;
    }
    response.writeHead(given.status).end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('each part is asked at its own path', async (t) => {
  const base = await serving(t, (path) => ({ status: 200, body: Buffer.from(path) }));
  const reader = httpLogReader(`${base}/`, namespace, fetch);
  const asked = [
    reader.checkpoint(),
    reader.checkpointAt(7),
    reader.tile('tile/0/x001/067.p/12'),
    reader.leaf(3),
    reader.artifact(new Uint8Array(32).fill(0xab)),
    reader.trustRoot(2),
  ];
  assert.deepEqual(
    (await Promise.all(asked)).map((bytes) => Buffer.from(bytes).toString()),
    [
      `/logs/${namespace}/checkpoint`,
      `/checkpoints/${namespace}/7`,
      `/logs/${namespace}/tile/0/x001/067.p/12`,
      `/leaves/${namespace}/3`,
      `/artifacts/${'ab'.repeat(32)}`,
      `/trust-roots/${namespace}/2`,
    ],
  );
});

for (const [status, code] of [
  [404, 'not-published'],
  [500, 'unreachable'],
  [302, 'unreachable'],
] as const) {
  test(`status ${status}: ${code}`, async (t) => {
    const base = await serving(t, () => ({ status, body: Buffer.from('x') }));
    await refused(code, httpLogReader(base, namespace, fetch).checkpoint());
  });
}

test('a checkpoint of the largest size, and one byte more', async (t) => {
  let length = noteBytesMax;
  const base = await serving(t, () => ({ status: 200, body: new Uint8Array(length) }));
  const reader = httpLogReader(base, namespace, fetch);
  assert.equal((await reader.checkpoint()).length, noteBytesMax);
  length++;
  await refused('too-large', reader.checkpoint());
});

test('an answer that breaks off, and nobody there', async (t) => {
  const base = await serving(t, () => 'breaks-off');
  await refused('unreachable', httpLogReader(base, namespace, fetch).checkpoint());
  await refused('unreachable', httpLogReader('http://127.0.0.1:1', namespace, fetch).checkpoint());
});

async function refused(code: string, run: Promise<unknown>): Promise<void> {
  await assert.rejects(run, (error) => error instanceof PublicationError && error.code === code);
}
