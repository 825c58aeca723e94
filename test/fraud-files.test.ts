import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifyFraudProof } from '@coffer/transparency';
import { Place } from '../apps/coffer/test/fixture.js';
import { publishB, Service, splitBeside } from '../packages/client/test/fleets-harness.js';
import { account, tenant } from '../packages/client/test/harness.js';

/**
 * The command line against a service whose log shows two histories beside one answer. Whatever becomes of the command, the
 * proof is in a file; whatever becomes of the file, the command has its result.
 */

const place = new Place();
const service = new Service();
const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const {
      status,
      headers,
      body: answer,
    } = request.method === 'POST' ? service.post(body) : service.get(request.url ?? '');
    response.writeHead(status, headers).end(answer);
  });
});
const secret = { stdin: 'correct horse\n' };
let link: readonly string[] = [];

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(place.path('root.json'), service.roots[0] as Uint8Array);
  writeFileSync(place.path('token'), 'token');
  mkdirSync(place.path('files'));
  writeFileSync(place.path('files', 'letter.txt'), 'Dear Ada,\n');
  const known = ['--trust-root', 'root.json', '--gateway', gateway, '--tenant', tenant, '--token-file', 'token'];
  link = ['--account', account, '--demo-waiting-ms', '0', '--json', ...known];
  service.nowMs = Date.now();
  service.publish({ A: 'serving' });
  const backup = ['backup', 'files', ...link, '--store', 'store', '--no-recovery-key', '--password-stdin'];
  const made = await place.run(backup, secret);
  assert.equal(made.code, 0, made.err);
  service.publish({ A: 'serving', B: 'draining' });
  publishB(service);
  // It knows three epochs of the true log, and that the vault is on A; its copies have lost the key.
  const status = await place.run(['status', ...link]);
  assert.equal(status.code, 0, status.err);
  for (const name of ['second', 'third', 'fourth']) {
    cpSync(place.path('home', 'coffer'), place.path(name), { recursive: true });
    rmSync(join(folderOf(name), 'device.json'));
  }
});
after(() => {
  server.close();
  server.closeAllConnections();
});

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}

const restore = (state: string, to: string) =>
  place.run(['restore', ...link, '--store', 'store', '--to', to, '--state', state, '--password-stdin'], secret);

/** Of the only account in a client state. */
function folderOf(state: string): string {
  const [name = '', ...others] = readdirSync(place.path(state));
  assert.deepEqual(others, []);
  return place.path(state, name);
}

const proofsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('fraud-'));

test('a fraud that ends a command: its proof is in one file, which anybody can check', async () => {
  const world = splitBeside(service, 'A status');
  const ended = await place.run(['status', ...link, '--state', 'second']);
  assert.deepEqual([ended.code, ended.json.ok, ended.json.reason], [1, false, 'log-fraud'], ended.err);
  const [{ fraudProof: file } = { fraudProof: '' }] = ended.json.frauds as { fraudProof: string }[];
  assert.ok(ended.err.includes(file));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(verifyFraudProof(new Uint8Array(readFileSync(file)), world.trustRoot()).culprit, 'log');
  const verified = await place.run(['fraud', 'verify', file, '--trust-root', 'root.json', '--json']);
  assert.deepEqual([verified.code, verified.json.culprit], [0, 'log'], verified.err);

  const again = await place.run(['status', ...link, '--state', 'second']);
  assert.deepEqual(again.json.frauds, ended.json.frauds);
  assert.equal(proofsIn(dirname(file)).length, 1);
  service.world = world;
});

test('a fraud after the key is here: the command has its result, and the proof is in a file', async () => {
  const world = splitBeside(service, 'B status');
  const restored = await restore('third', 'out');
  assert.deepEqual([restored.code, restored.json.files, restored.json.movedToNewFleet], [0, 1, false], restored.err);
  const [{ fraudProof: file } = { fraudProof: '' }] = restored.json.frauds as { fraudProof: string }[];
  assert.equal(dirname(file), folderOf('third'));
  assert.equal(verifyFraudProof(new Uint8Array(readFileSync(file)), world.trustRoot()).culprit, 'log');
  assert.equal(readFileSync(place.path('out', 'letter.txt'), 'utf8'), 'Dear Ada,\n');
});

test('a proof that cannot be written hides nothing: the key opens the backup, and why there is no file is said', async () => {
  // The log lies on as in the test before, so that the proof will have the same name.
  const [name = ''] = proofsIn(folderOf('third'));
  // In the way of the file, for any user: the tests may run as one whom no permissions stop.
  const inTheWay = join(folderOf('fourth'), `${name}.new`);
  mkdirSync(inTheWay);
  const restored = await restore('fourth', 'out-2');
  assert.deepEqual([restored.code, restored.json.ok, restored.json.files], [0, true, 1], restored.err);
  const [fraud] = restored.json.frauds as { fraudProof: null; why: string }[];
  assert.equal(fraud?.fraudProof, null);
  assert.match(fraud?.why ?? '', /^cannot write .*fraud-split-view-[0-9a-f]{8}\.json \(E[A-Z]+\)$/);
  assert.ok(restored.err.includes('could not be kept'));
  assert.equal(readFileSync(place.path('out-2', 'letter.txt'), 'utf8'), 'Dear Ada,\n');
  assert.deepEqual(proofsIn(folderOf('fourth')), [`${name}.new`]);
});
