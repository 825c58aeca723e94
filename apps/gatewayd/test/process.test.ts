import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemEntropy } from '@coffer/crypto';
import { createDevIssuer } from '@coffer/gateway';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';
import { httpLogReader, PublicationError } from '@coffer/publication';
import { answerPath, WorldReader } from '@coffer/publication/testing';
import { decodeBundle, encodeTrustRoot } from '@coffer/transparency';
import { namespace, signedBy, World } from '@coffer/transparency/testing';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'coffer-gatewayd-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

const { descriptor } = provisionFleet({
  sites: ['a', 'b', 'c'],
  keyStores: [1, 2, 3].map(() => SoftKeyStore.generate(systemEntropy)),
  groups: 1,
  budgetLimit: 10,
  rollbackTolerance: 0,
  entropy: systemEntropy,
});
const clock = { nowMs: () => Date.now() };
const issuer = createDevIssuer({ seed: systemEntropy.bytes(32), issuer: 'i', audience: 'a', clock });
writeFileSync(join(root, 'fleet.json'), descriptor);
writeFileSync(join(root, 'token'), 'operator-token-of-the-test\n');
writeFileSync(join(root, 'jwks.json'), JSON.stringify(issuer.keys));
writeFileSync(join(root, 'secret-jwks.json'), JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }));

const world = new World();
writeFileSync(join(root, 'root.json'), encodeTrustRoot(signedBy(world.trustRoot(), ['root 1', 'root 2'])));

const fleet = { descriptor: 'fleet.json', agents: { 1: 'http://127.0.0.1:9' }, operatorToken: 'token' };
const tokens = { issuer: 'i', audience: 'a', jwksFile: 'jwks.json' };

function start(name: string, changes: Record<string, unknown> = {}): ChildProcess {
  const path = join(root, `${name}.json`);
  const base = { fleets: [fleet], tokens, listen: { port: 0 }, log: { file: `${name}.log`, level: 'debug' } };
  writeFileSync(path, JSON.stringify({ ...base, ...changes }));
  const child = spawn(process.execPath, [main, '--config', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; err: string }> {
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

test('a configuration that does not fit ends with 2 and names the field', async () => {
  const cases: readonly [changes: Record<string, unknown>, message: RegExp][] = [
    [{ fleets: [] }, /: fleets: /],
    [{ fleets: [fleet, fleet] }, /bad-config/],
    [{ fleets: [{ ...fleet, descriptor: 'none' }] }, /no fleet descriptor at /],
    [{ tokens: { issuer: 'i', audience: 'a' } }, /: tokens: one of jwksFile and jwksUrl/],
    [{ tokens: { ...tokens, jwksUrl: 'http://127.0.0.1/' } }, /: tokens: one of /],
    [{ tokens: { ...tokens, jwksFile: 'fleet.json' } }, /fleet\.json: keys\.0\.kty: /],
    [{ tokens: { ...tokens, jwksFile: 'secret-jwks.json' } }, /public/],
    [{ listen: { port: 0, tls: { key: 'none', cert: 'none' } } }, /cannot read /],
    [{ transparency: { auditor: 'http://127.0.0.1:9', namespace, trustRoot: 'none' } }, /cannot read /],
    [{ transparency: { auditor: 'http://127.0.0.1:9', namespace, trustRoot: 'token' } }, /not a trust root/],
    [{ transparency: { auditor: 'http://127.0.0.1:9', namespace: 'x', trustRoot: 'root.json' } }, /another namespace/],
    [
      { transparency: { auditor: 'http://a.example/x', namespace, trustRoot: 'root.json' } },
      /: transparency\.auditor: /,
    ],
    [{ limits: { accountBurst: 0 } }, /: limits\.accountBurst: /],
  ];
  for (const [changes, message] of cases) {
    const { code, err } = await ended(start('bad', changes));
    assert.equal(code, 2, err);
    assert.match(err, /^gatewayd: [^\n]+\n$/);
    assert.match(err, message);
  }
});

test('it serves, refuses who has no token, says so without a name in its log, and stops cleanly', async () => {
  const port = await freePort();
  const child = start('up', { listen: { port } });
  const url = `http://127.0.0.1:${port}`;
  const isUp = (): Promise<boolean> =>
    fetch(`${url}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    );
  while (!(await isUp())) assert.equal(child.exitCode, null);
  assert.deepEqual(new Uint8Array(await (await fetch(`${url}/v1/fleet`)).arrayBuffer()), descriptor);
  assert.equal((await fetch(`${url}/v1/vault`, { method: 'POST', body: 'x' })).status, 401);
  const token = await issuer.issue({ tenant: 'tenant-name', account: 'account-name' });
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${url}/v1/vault`, { method: 'POST', headers, body: 'x' })).status, 400);

  const second = await ended(start('second', { listen: { port } }));
  assert.equal(second.code, 3);
  assert.match(second.err, /cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\) \(in-use\)/);

  child.kill('SIGINT');
  assert.deepEqual(await ended(child), { code: 0, err: '' });
  const log = readFileSync(join(root, 'up.log'), 'utf8');
  assert.match(log, /"code":"bad-token"/);
  for (const secret of [token, 'account-name', 'tenant-name', 'operator-token'])
    assert.ok(!log.includes(secret), secret);
});

test('it takes bundles from an auditor that comes up later, when the operator asks for them', async () => {
  const nowMs = Date.now();
  world.publish({ A: 'serving' }, { atMs: nowMs, notAfterMs: nowMs + 86_400_000 });
  const reader = new WorldReader(world, { size: 1, newestMs: nowMs, firstMs: () => nowMs });
  let isDown = true;
  const auditor = createHttpServer((request, response) => {
    if (isDown) response.writeHead(503).end();
    else
      answerPath(reader, request.url ?? '').then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
  });
  await once(auditor.listen(0, '127.0.0.1'), 'listening');
  after(() => auditor.close());
  const { port: auditorPort } = auditor.address() as { port: number };
  const origin = `http://127.0.0.1:${auditorPort}`;
  await assert.rejects(
    httpLogReader(origin, namespace, fetch).checkpoint(),
    (error) => error instanceof PublicationError && error.code === 'unreachable',
  );

  const port = await freePort();
  const transparency = { auditor: origin, namespace, trustRoot: 'root.json', operatorToken: 'token' };
  const child = start('bundles', { listen: { port }, transparency });
  const url = `http://127.0.0.1:${port}`;
  const bundle = (): Promise<Response | undefined> => fetch(`${url}/v1/bundle?size=0`).catch(() => undefined);
  while ((await bundle()) === undefined) assert.equal(child.exitCode, null);
  assert.equal((await bundle())?.status, 503);

  isDown = false;
  const headers = { authorization: 'Bearer operator-token-of-the-test' };
  const refreshed = await fetch(`${url}/v1/bundle/refresh`, { method: 'POST', headers });
  assert.deepEqual(await refreshed.json(), { epoch: 1, size: 1 });
  const bytes = new Uint8Array(await ((await bundle()) as Response).arrayBuffer());
  assert.equal(decodeBundle(bytes).consistency.fromSize, 0);
  assert.equal((await fetch(`${url}/v1/trust-roots/1`)).status, 200);
  child.kill('SIGINT');
  assert.equal((await ended(child)).code, 0);
  assert.match(readFileSync(join(root, 'bundles.log'), 'utf8'), /"code":"unreachable"/);
});
