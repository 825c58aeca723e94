import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemEntropy } from '@coffer/crypto';
import { provisionFleet, SoftKeyStore } from '@coffer/hsm';
import { SqliteLedger } from '@coffer/ledger-sqlite';
import { decodeFleetDescriptor, genesisHash } from '@coffer/protocol';
import { Replica } from '@coffer/replica';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const token = 'operator-token-of-the-test';

const root = mkdtempSync(join(tmpdir(), 'coffer-agentd-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

/** Another fleet each time. */
const newFleet = () =>
  provisionFleet({
    sites: ['a', 'b', 'c'],
    keyStores: [1, 2, 3].map(() => SoftKeyStore.generate(systemEntropy)),
    groups: 2,
    budgetLimit: 10,
    rollbackTolerance: 0,
    entropy: systemEntropy,
  });
const { descriptor } = newFleet();
writeFileSync(join(root, 'fleet.json'), descriptor);
writeFileSync(join(root, 'token'), `${token}\n`);

function config(name: string, changes: Record<string, unknown> = {}): string {
  const path = join(root, `${name}.json`);
  const base = {
    fleet: 'fleet.json',
    member: 1,
    hsmSocket: 'nobody.sock',
    replica: `${name}-replica.db`,
    ledger: 'ledger.db',
    operatorToken: 'token',
    listen: { port: 0 },
    peers: { 2: 'http://127.0.0.1:9', 3: 'http://127.0.0.1:9' },
    log: { file: `${name}.log` },
  };
  writeFileSync(path, JSON.stringify({ ...base, ...changes }));
  return path;
}

function start(path: string): ChildProcess {
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

async function isServing(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

test('a configuration that does not fit ends with 2 and names the field', async () => {
  const cases: readonly [changes: Record<string, unknown>, field: RegExp][] = [
    [{ member: 0 }, /: member: /],
    [{ member: 16 }, /: member: /],
    [{ peers: { x: 'http://127.0.0.1:1' } }, /: peers\.x: /],
    [{ peers: { 2: '127.0.0.1:1' } }, /: peers\.2: /],
    [{ listen: { port: 70_000 } }, /: listen\.port: /],
    [{ tuning: { leaseMs: 0 } }, /: tuning\.leaseMs: /],
    [{ operatorToken: 'none' }, /no token in /],
    [{ fleet: 'token' }, /fleet descriptor: /],
    [{ nonsense: 1 }, /the whole file: /],
  ];
  for (const [changes, field] of cases) {
    const { code, err } = await ended(start(config('bad', changes)));
    assert.equal(code, 2, err);
    assert.match(err, /^agentd: [^\n]+\n$/);
    assert.match(err, field);
  }
  assert.ok(!existsSync(join(root, 'bad-replica.db')));
});

test('with a ledger or replica that is not to be used it ends with 2, and makes nothing of it', async () => {
  const { configHash } = decodeFleetDescriptor(newFleet().descriptor);
  const genesis = [0, 1].map((group) => genesisHash(configHash, group));
  const clock = { nowMs: () => 0 };
  const timers = { after: () => () => undefined };
  await (await SqliteLedger.open(join(root, 'other-ledger.db'), { configHash, genesis }, { clock, timers })).close();
  Replica.open({ path: join(root, 'other-replica.db'), configHash, groups: 2, undoEntriesMax: 64 }).close();
  writeFileSync(join(root, 'noise.db'), 'x'.repeat(5_000));
  const cases: readonly [changes: Record<string, unknown>, code: RegExp][] = [
    [{ ledger: 'other-ledger.db' }, /\(other-fleet\)/],
    [{ replica: 'other-replica.db' }, /\(other-fleet\)/],
    [{ ledger: 'noise.db' }, /\(corrupt\)/],
    [{ replica: 'noise.db' }, /\(corrupt\)/],
    [{ replica: 'other-ledger.db' }, /\(unknown-schema\)/],
  ];
  for (const [changes, field] of cases) {
    const before = Object.values(changes).map((file) => readFileSync(join(root, String(file))));
    const { code, err } = await ended(start(config('unusable', changes)));
    assert.equal(code, 2, err);
    assert.match(err, /^agentd: [^\n]+\n$/);
    assert.match(err, field);
    assert.deepEqual(
      Object.values(changes).map((file) => readFileSync(join(root, String(file)))),
      before,
    );
  }
});

test('with a ledger or replica that is not to be had it ends with 3', async () => {
  const cases = [{ ledger: join('no-such-folder', 'ledger.db') }, { ledger: '.' }, { replica: '.' }];
  for (const changes of cases) {
    const { code, err } = await ended(start(config('absent', changes)));
    assert.equal(code, 3, err);
    assert.match(err, /^agentd: [^\n]+\n$/);
  }
});

test('without its HSM it serves its operator, asks for the token, and stops cleanly', async () => {
  const port = await freePort();
  const child = start(config('alone', { listen: { port } }));
  const url = `http://127.0.0.1:${port}/status`;
  while (!(await isServing(url))) assert.equal(child.exitCode, null);
  assert.equal((await fetch(url)).status, 401);
  assert.equal((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status, 401);
  const status = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const { hsm, member, groups } = (await status.json()) as { hsm: string; member: number; groups: unknown[] };
  assert.deepEqual([hsm, member, groups.length], ['down', 1, 2]);

  const second = await ended(start(config('second', { listen: { port } })));
  assert.equal(second.code, 3);
  assert.match(second.err, /cannot listen on 127\.0\.0\.1:\d+ \(in-use\)/);

  const onSame = await ended(
    start(config('same', { replica: 'alone-replica.db', listen: { port: await freePort() } })),
  );
  assert.equal(onSame.code, 3);
  assert.match(onSame.err, /another process holds \S+alone-replica\.db\.lock/);

  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, err: '' });
  const log = readFileSync(join(root, 'alone.log'), 'utf8');
  for (const line of log.trim().split('\n')) assert.equal(JSON.parse(line).name, 'agentd');
  assert.ok(!log.includes(token));
});
