import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemEntropy } from '@coffer/crypto';
import { createDevIssuer } from '@coffer/gateway';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';

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
