import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = mkdtempSync(join(tmpdir(), 'coffer-daemon-'));
after(() => rmSync(root, { recursive: true }));
const script = fileURLToPath(new URL('./fixture-daemon.js', import.meta.url));

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the daemon; `onReady` is called with its process when it has logged that it is ready. */
async function run(args: readonly string[], onReady?: (child: ReturnType<typeof spawn>) => void): Promise<End> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasReady = out.includes('"ready"');
    out += text;
    if (!wasReady && out.includes('"ready"')) onReady?.(child);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

function config(name: string, value: unknown): string {
  const path = join(root, `${name}.json`);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

test('help and version go to standard output and end with 0', async () => {
  const help = await run(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /^Usage: fixtured --config FILE\n/);
  assert.match(help.out, /Exit codes: 0 /);
  assert.deepEqual(await run(['--version']), { code: 0, out: 'fixtured 1.2.3\n', err: '' });
});

test('wrong arguments and a bad configuration end with 2 and one line', async () => {
  const cases = [
    [],
    ['--nonsense'],
    ['--config', join(root, 'none.json')],
    ['--config', config('bad', { fails: 'x' })],
  ];
  for (const args of cases) {
    const { code, out, err } = await run(args);
    assert.equal(code, 2, args.join());
    assert.equal(out, '');
    assert.match(err, /^fixtured: [^\n]+\n$/);
  }
  assert.match((await run(['--config', config('bad', { fails: 'x' })])).err, /bad\.json: fails: /);
});

test('a failed start has the daemon’s own exit code, or says that something is not there', async () => {
  const own = await run(['--config', config('own', { fails: 'at-start' })]);
  assert.equal(own.code, 4);
  const inUse = await run(['--config', config('in-use', { fails: 'in-use' })]);
  assert.equal(inUse.code, 3);
  assert.equal(inUse.err, 'fixtured: somebody has it (in-use)\n');
  assert.equal(JSON.parse(inUse.out).code, 'in-use');
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} stops it cleanly`, async () => {
    const { code, out, err } = await run(['--config', config('plain', {})], (child) => child.kill(signal));
    assert.equal(code, 0);
    assert.equal(err, '');
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg);
    assert.deepEqual(events, ['ready', 'stopping', 'stopped']);
  });
}

test('with --exit-with-parent it ends when its standard input does; without, it stays', async () => {
  const args = ['--config', config('plain', {})];
  assert.equal((await run([...args, '--exit-with-parent'], (child) => child.stdin?.end())).code, 0);
  const stayed = await run(args, (child) => {
    child.stdin?.end();
    setTimeout(() => child.kill('SIGKILL'), 300);
  });
  assert.equal(stayed.code, null);
});

test('a failure inside ends it with that code, a bug with 70; the words of a bug stay in the log', async () => {
  const later = await run(['--config', config('later', { fails: 'later' })]);
  assert.equal(later.code, 5);
  assert.equal(later.err, 'fixtured: halted: as configured\n');
  const bug = await run(['--config', config('bug', { fails: 'by-a-bug' })]);
  assert.equal(bug.code, 70);
  assert.equal(bug.err, 'fixtured: crashed: TypeError (see the log of fixtured)\n');
  const stopping = await run(['--config', config('stopping', { fails: 'while-stopping' })], (child) => child.kill());
  assert.equal(stopping.code, 70);
});

test('a log file is the user’s alone and holds one JSON object a line', async () => {
  const path = config('logged', { log: { file: 'deep/er.log' } });
  const child = spawn(process.execPath, [script, '--config', path], { stdio: ['pipe', 'ignore', 'ignore'] });
  const log = join(root, 'deep', 'er.log');
  const lines = (): string[] => {
    try {
      return readFileSync(log, 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  while (!lines().some((line) => line.includes('"ready"'))) await new Promise((resolve) => setImmediate(resolve));
  child.kill();
  await once(child, 'exit');
  assert.equal(statSync(log).mode & 0o777, 0o600);
  for (const line of lines()) assert.equal(JSON.parse(line).name, 'fixtured');
});
