/**
 * Branch coverage of the packages hsm and protocol over their tests, the fuzzer's slice and a slice of a campaign.
 *
 *   npm run coverage -- [--schedules N] [--json]
 *
 * Prints every branch that nothing took; docs/testing.md says why each of them is there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const values = parsed();
function parsed() {
  try {
    const options = { schedules: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } };
    return parseArgs({ options }).values;
  } catch (error) {
    // Not 1, which is what a test that fails ends with.
    console.error(`${error.message}\nnpm run coverage -- [--schedules N] [--json]`);
    process.exit(2);
  }
}
const folder = mkdtempSync(join(tmpdir(), 'coffer-coverage-'));
const env = { ...process.env, NODE_V8_COVERAGE: folder };
const run = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  process.exit(1);
};

try {
  run('tools/run-tests.mjs', 'packages/hsm/test', 'packages/protocol/test', 'test/fuzz.test');
  run('packages/testing/dist/cli.js', '--campaign', '--schedules', values.schedules);
  const { branchCoverage } = await import('../packages/testing/dist/coverage/branch-coverage.js');
  const result = branchCoverage([folder], ['hsm', 'protocol']);
  if (values.json) console.log(JSON.stringify(result));
  else {
    for (const { file, line, kind, code } of result.uncovered) console.log(`${file}:${line} ${kind}  ${code}`);
    console.log(`${result.branches} branches, ${result.percent} % covered, ${result.uncovered.length} not`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
