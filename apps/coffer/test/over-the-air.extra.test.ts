import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeFleetDescriptor, encodeFleetDescriptor } from '@coffer/protocol';
import { answerPath, WorldReader } from '@coffer/publication/testing';
import { encodeTrustRoot } from '@coffer/transparency';
import { dayMs, type Listed, namespace, signedBy, World } from '@coffer/transparency/testing';
import { FleetFolder } from '../dist/fleet/folder.js';
import { issueToken } from '../dist/fleet/issuer.js';
import { readSettings } from '../dist/fleet/settings.js';
import { eventually, Place, Up } from './fixture.js';

/**
 * Two fleets of real HSM, agent and gateway processes; one more gateway serves both and hands out bundles of a log that
 * this test keeps. No client has ever seen a descriptor: each has a trust root and nothing else.
 */

const place = new Place();
const folders = { A: new FleetFolder(place.path('a')), B: new FleetFolder(place.path('b')) };
const fleetOf = (name: string) => decodeFleetDescriptor(readFileSync(folders[name as 'A' | 'B'].descriptor));
const world = new World({ fleetOf });
const witnessed = () => ({ size: world.size, newestMs: Date.now(), firstMs: () => Date.now() });
const reader = new WorldReader(world, witnessed());
const auditor = createServer((request, response) => {
  answerPath(reader, request.url ?? '').then(
    (bytes) => response.end(bytes),
    () => response.writeHead(404).end(),
  );
});
const ups: Up[] = [];
let gateway = '';

before(async () => {
  mkdirSync(place.path('files'));
  writeFileSync(place.path('files', 'letter.txt'), 'Dear Ada,\n');
  for (const name of ['a', 'b']) ups.push(new Up(place, ['--dir', name, '--sites', '1']));
  for (const up of ups) await up.ready();
  await once(auditor.listen(0, '127.0.0.1'), 'listening');
  reader.roots.push(encodeTrustRoot(signedBy(world.trustRoot(), ['root 1', 'root 2'])));
  writeFileSync(place.path('root.json'), reader.roots[0] as Uint8Array);
  publish({ A: 'serving' });
  await startGateway();
  writeFileSync(place.path('token'), await issueToken(folders.A, readSettings(folders.A), 'coffer-dev', 'ada'));
});
after(() => {
  auditor.close();
  auditor.closeAllConnections();
  for (const { child } of ups) child.kill('SIGKILL');
});

function publish(listed: Listed): void {
  world.publish(listed, { atMs: Date.now(), notAfterMs: Date.now() + dayMs });
  reader.options = witnessed();
}

/** The gateway of a deployment: both fleets, the newer one first, and the auditor's log. */
async function startGateway(): Promise<void> {
  const [a, b] = [folders.A, folders.B].map(({ gatewayConfig }) => JSON.parse(readFileSync(gatewayConfig, 'utf8')));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const transparency = {
    auditor: `http://127.0.0.1:${(auditor.address() as AddressInfo).port}`,
    namespace,
    trustRoot: place.path('root.json'),
    operatorToken: folders.A.operatorToken,
    demoWaitingMs: 0,
  };
  const log = { file: place.path('gatewayd.log') };
  const config = { ...a, fleets: [...b.fleets, ...a.fleets], listen: { host: '127.0.0.1', port }, transparency, log };
  writeFileSync(place.path('gatewayd.json'), JSON.stringify(config));
  const main = fileURLToPath(import.meta.resolve('@coffer/gatewayd/main'));
  const child = spawn(process.execPath, [main, '--config', place.path('gatewayd.json')], { stdio: 'ignore' });
  place.adopt(child);
  gateway = `http://127.0.0.1:${port}`;
  await eventually(() =>
    fetch(`${gateway}/v1/bundle?size=0`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
}

const link = () => [
  '--trust-root',
  'root.json',
  '--gateway',
  gateway,
  '--tenant',
  'coffer-dev',
  '--token-file',
  'token',
];
const common = () => ['--account', 'ada', '--json', '--demo-waiting-ms', '0', ...link()];
const secret = { stdin: 'correct horse\n' };

test('a backup by a client that knows a trust root and no fleet', async () => {
  const args = ['backup', 'files', ...common(), '--store', 'store', '--no-recovery-key', '--password-stdin'];
  const { code, json, err } = await place.run([...args, '--budget', '3'], secret);
  assert.equal(code, 0, err);
  assert.deepEqual([json.protected, json.warnings], [true, []]);
});

test('a fleet that no client has seen is published: the next restore moves the vault there, and is asked nothing', async () => {
  publish({ A: 'draining', B: 'serving' });
  const headers = { authorization: `Bearer ${readFileSync(folders.A.operatorToken, 'utf8').trim()}` };
  assert.equal((await fetch(`${gateway}/v1/bundle/refresh`, { method: 'POST', headers })).status, 200);
  const args = ['restore', ...common(), '--store', 'store', '--password-stdin', '--state', 'second', '--to'];
  const moved = await place.run([...args, 'out'], secret);
  assert.equal(moved.code, 0, moved.err);
  assert.deepEqual([moved.json.method, moved.json.movedToNewFleet], ['password', true]);
  assert.equal(readFileSync(place.path('out', 'letter.txt'), 'utf8'), 'Dear Ada,\n');
});

test('the old fleet is not needed any more, and holds nothing', async () => {
  const pinned = ['--account', 'ada', '--json', '--state', 'pinned', '--gateway', gateway, '--tenant', 'coffer-dev'];
  const old = await place.run(['status', ...pinned, '--token-file', 'token', '--fleet', folders.A.descriptor]);
  assert.deepEqual([old.code, old.json.state], [0, 'erased'], old.err);
  await ups[0]?.stop();
  publish({ B: 'serving' });
  const headers = { authorization: `Bearer ${readFileSync(folders.A.operatorToken, 'utf8').trim()}` };
  assert.equal((await fetch(`${gateway}/v1/bundle/refresh`, { method: 'POST', headers })).status, 200);
  const third = [
    'restore',
    ...common(),
    '--store',
    'store',
    '--password-stdin',
    '--state',
    'third',
    '--to',
    'third-out',
  ];
  const { code, json, err } = await place.run(third, secret);
  assert.equal(code, 0, err);
  assert.deepEqual([json.movedToNewFleet, json.files], [false, 1]);
  const status = await place.run(['status', ...common(), '--state', 'third']);
  assert.deepEqual([status.json.state, status.json.budget, status.json.budgetMax], ['live', 3, 3]);
});

test('a trust root needs the way to a gateway, and has to be one', async () => {
  const alone = await place.run(['status', '--account', 'ada', '--json', '--trust-root', 'root.json']);
  assert.deepEqual([alone.code, alone.json.reason], [2, 'incomplete-fleet']);
  const none = await place.run(['status', ...common().map((arg) => (arg === 'root.json' ? 'token' : arg))]);
  assert.deepEqual([none.code, none.json.reason], [2, 'bad-trust-root']);
  assert.equal(encodeFleetDescriptor(fleetOf('A')).length, readFileSync(folders.A.descriptor).length);
});
