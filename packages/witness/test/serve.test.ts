import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { addCheckpointBytesMax, decodeSignatureLines, verifyCosignature } from '@coffer/transparency';
import { connectionsMax, FolderWitnessStore, type ServeOptions, serveWitness, Witness } from '@coffer/witness';
import { origin, TestClock, TestLog, witnessKey } from './harness.js';

const log = new TestLog(20);
const folder = mkdtempSync(join(tmpdir(), 'coffer-witness-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function serve(options: Partial<ServeOptions> = {}, store = new FolderWitnessStore(folder)) {
  const witness = new Witness({ signer: witnessKey, logs: [log.signer], store, clock: new TestClock() });
  const server = await serveWitness(witness, { port: 0, ...options });
  after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  const post = (body: Uint8Array, path = '/add-checkpoint') =>
    fetch(`${url}${path}`, { method: 'POST', body: body.slice().buffer });
  return { url, port: server.port, post, witness };
}

async function endOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

test('over HTTP, and on from a folder after a restart; requests at once get one history', async () => {
  const { post } = await serve();
  const response = await post(log.request(0, 5));
  assert.equal(response.status, 200);
  const [line] = decodeSignatureLines(new Uint8Array(await response.arrayBuffer()));
  assert.ok(line);
  verifyCosignature(log.text(5), witnessKey, line);

  const again = await serve();
  assert.equal(again.witness.latest(origin)?.size, 5);
  const fork = new TestLog(20, { forkAt: 5 });
  const answers = await Promise.all([log, fork, fork, log].map((each) => again.post(each.request(5, 9))));
  const statuses = answers.map(({ status }) => status);
  // One of the two histories won, whichever came first. The other one is 409 for ever.
  assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
  assert.equal(statuses.filter((status) => status === 409).length, 3, String(statuses));
  const conflict = answers.find(({ status }) => status === 409);
  assert.equal(conflict?.headers.get('content-type'), 'text/x.tlog.size');
  assert.equal(await conflict?.text(), '9\n');
});

test('limits: path, method, body by announcement and by count', async () => {
  const { url, post, port } = await serve();
  assert.equal((await post(log.request(0, 5), '/')).status, 404);
  const get = await fetch(`${url}/add-checkpoint`);
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
  assert.equal((await post(new Uint8Array(addCheckpointBytesMax))).status, 400, 'at the limit it is read');
  assert.equal((await post(new Uint8Array(addCheckpointBytesMax + 1))).status, 413);
  const socket = connect(port, '127.0.0.1');
  const half = 'a'.repeat(addCheckpointBytesMax / 2 + 1);
  const chunk = `${half.length.toString(16)}\r\n${half}\r\n`;
  const head = 'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ntransfer-encoding: chunked';
  socket.write(`${head}\r\n\r\n${chunk}${chunk}0\r\n\r\n`);
  assert.match(await endOf(socket), /^HTTP\/1\.1 413 /);
});

test('limits: a request that does not arrive, and connections', async () => {
  const { port } = await serve({ requestMs: 200 });
  const slow = connect(port, '127.0.0.1');
  slow.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 10\r\n\r\nold');
  assert.match(await endOf(slow), /^HTTP\/1\.1 408 /);

  const { port: other } = await serve();
  const sockets = Array.from({ length: connectionsMax }, () => connect(other, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const late = connect(other, '127.0.0.1');
  assert.equal(await endOf(late), '', 'closed without a word');
  for (const socket of sockets) socket.destroy();
});

test('a write that fails is 503, then and later', async () => {
  const store = new FolderWitnessStore(join(folder, 'missing'));
  const { post } = await serve({}, store);
  assert.equal((await post(log.request(0, 5))).status, 503);
  assert.equal((await post(log.request(0, 5))).status, 503);
});
