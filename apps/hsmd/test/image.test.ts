import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ended, Site } from './fixture.js';

const root = realpathSync(fileURLToPath(new URL('../../../', import.meta.url)));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'coffer-image-')));
after(() => rmSync(scratch, { recursive: true }));

interface Built {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly inputs: readonly string[];
}

/** Builds the image of the checkout at `folder`. */
function build(folder: string, out: string, env: Readonly<Record<string, string>> = {}, umask = '022'): Built {
  const args = [join(folder, 'tools/build-hsm-image.mjs'), '--out', out, '--inputs'];
  const script = `umask ${umask}; exec "$0" "$@"`;
  const options = { cwd: dirname(out), encoding: 'utf8', env: { ...process.env, ...env } } as const;
  const lines = execFileSync('sh', ['-c', script, process.execPath, ...args], options)
    .trim()
    .split('\n');
  const bytes = readFileSync(out);
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.equal(lines.at(-1), `${digest}  ${out}`);
  return { digest, bytes, inputs: lines.slice(0, -1) };
}

/** A checkout elsewhere that holds what the image is made of, and nothing else. */
function copyOfInputs(inputs: readonly string[], name: string): string {
  const folder = join(scratch, name);
  const copy = (path: string): void => {
    const to = join(folder, path);
    if (existsSync(to)) return;
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(root, path), to);
    utimesSync(to, new Date(0), new Date(0));
  };
  for (const input of inputs) {
    copy(input);
    for (let at = dirname(input); at !== '.'; at = dirname(at)) {
      if (existsSync(join(root, at, 'package.json'))) copy(join(at, 'package.json'));
    }
  }
  copy('tools/build-hsm-image.mjs');
  const bundler = dirname(createRequire(join(root, 'package.json')).resolve('esbuild/package.json'));
  for (const part of ['esbuild', '@esbuild'])
    symlinkSync(join(bundler, '..', part), join(folder, 'node_modules', part));
  return folder;
}

let here: Built;
let elsewhere: string;
before(() => {
  here = build(root, join(scratch, 'here.mjs'));
  elsewhere = copyOfInputs(here.inputs, 'a folder with spaces/ünïcode');
});

test('the image is the same from another folder, at another time, under another user’s settings', () => {
  const future = 'data:text/javascript,const now=Date.now;Date.now=()=>now()+1e11';
  const env = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', HOME: scratch, NODE_OPTIONS: `--import "${future}"` };
  const there = build(elsewhere, join(scratch, 'there.mjs'), env, '077');
  assert.equal(there.digest, here.digest);
  assert.ok(there.bytes.equals(here.bytes));
  assert.deepEqual(there.inputs, here.inputs);
});

test('reached through a symbolic link it is the same too', () => {
  const link = join(scratch, 'link');
  symlinkSync(root, link);
  assert.equal(build(link, join(scratch, 'linked.mjs')).digest, here.digest);
});

test('another source is another image', () => {
  const file = join(elsewhere, 'packages/hsm/src/host-api.ts');
  const text = readFileSync(file, 'utf8');
  assert.match(text, /entriesInFlightMax = 15/);
  try {
    writeFileSync(file, text.replace('entriesInFlightMax = 15', 'entriesInFlightMax = 16'));
    assert.notEqual(build(elsewhere, join(scratch, 'other.mjs')).digest, here.digest);
  } finally {
    writeFileSync(file, text);
  }
});

test('it names no folder of the machine that built it, and is made of sources and pinned packages alone', () => {
  assert.ok(!here.bytes.includes(root));
  assert.ok(!here.bytes.includes(scratch));
  const strange = here.inputs.filter(
    (input) => !/^(?:(?:packages|apps)\/\w[\w-]*\/src|(?:packages\/\w+\/)?node_modules)\//.test(input),
  );
  assert.deepEqual(strange, []);
  assert.ok(here.inputs.includes('packages/hsm/src/vault/recover.ts'));
});

test('the image alone is an HSM, and reports the digest of its own file', async () => {
  const site = new Site();
  const bin = site.path('bin');
  mkdirSync(bin);
  site.main = join(bin, 'hsmd.mjs');
  copyFileSync(join(scratch, 'here.mjs'), site.main);
  if (!hasSqlite()) {
    const addon = dirname(
      createRequire(join(root, 'packages/sqlite/package.json')).resolve('@photostructure/sqlite/package.json'),
    );
    mkdirSync(join(bin, 'node_modules/@photostructure'), { recursive: true });
    symlinkSync(addon, join(bin, 'node_modules/@photostructure/sqlite'));
  }
  const { child, host } = await site.start();
  const promised = await host.ask({
    type: 'promise',
    group: 0,
    t: { round: 3n, leaderId: 2 },
    nonce: new Uint8Array(32),
  });
  assert.equal(promised?.type, 'promised');
  assert.match(readFileSync(site.path('log'), 'utf8'), new RegExp(`"image":"${here.digest}"`));
  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, err: '' });
  assert.ok(statSync(site.main).size > 100_000);
});

/** Node's own SQLite, from 22.13. */
function hasSqlite(): boolean {
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  return getBuiltinModule?.('node:sqlite') !== undefined;
}
