/**
 * Builds everything and runs the tests.
 *
 *   node tools/run-tests.mjs [--extra] [FILTER …]
 *
 * A filter keeps the test files whose path contains it. `--extra` runs the `*.extra.test.ts` files instead of all others:
 * those need something that is not on every machine (a database server, a browser, Go) and skip themselves without it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const concurrency = 2;
/** For one file; the extra ones start whole fleets, compile drivers and check models. */
const timeoutMs = { usual: 240_000, extra: 600_000 };

/** Every file of the folders that hold tests: `packages/x/test`, `apps/x/test`, `test`. */
function testFolderFiles() {
  const owners = ['packages', 'apps'].flatMap((kind) =>
    existsSync(join(root, kind)) ? readdirSync(join(root, kind)).map((name) => join(root, kind, name)) : [],
  );
  return [...owners, root]
    .map((owner) => join(owner, 'test'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))))
    .filter((path) => !path.includes('node_modules'));
}

/** A compiled test whose source was renamed or removed would go on passing for ever. */
function removeStale(files) {
  const sources = new Set(files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')));
  for (const path of files) {
    if (path.endsWith('.js') && !sources.has(path.replace(/\.js$/, '.ts'))) {
      rmSync(path);
      rmSync(`${path}.map`, { force: true });
    }
  }
}

function run(args) {
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    if (signal) process.stderr.write(`ended by ${signal}\n`);
    process.exit(status ?? 1);
  }
}

function compile() {
  const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
  const tsc = join(dirname(manifest), 'bin', 'tsc');
  run([tsc, '-b']);
  run([tsc, '-p', 'tsconfig.tests.json']);
}

const args = process.argv.slice(2);
const isExtra = args.includes('--extra');
const filters = args.filter((arg) => !arg.startsWith('--'));

compile();
removeStale(testFolderFiles());
const tests = testFolderFiles()
  .filter((path) => path.endsWith('.test.js') && path.endsWith('.extra.test.js') === isExtra)
  .map((path) => relative(root, path))
  .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
  .sort();

if (tests.length === 0) {
  process.stderr.write(isExtra ? 'There are no extra tests.\n' : 'No test matches.\n');
  process.exit(isExtra ? 0 : 1);
}
const reporter = process.stdout.isTTY ? 'spec' : './tools/compact-reporter.mjs';
run([
  '--test',
  `--test-reporter=${reporter}`,
  `--test-concurrency=${concurrency}`,
  `--test-timeout=${isExtra ? timeoutMs.extra : timeoutMs.usual}`,
  ...tests,
]);
