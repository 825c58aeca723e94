import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });

test('the same arguments play the same schedule again, with its trace on request', () => {
  const args = ['--seed', 'again', '--sites', '1', '--groups', '1', '--accounts', '1', '--calls', '1'];
  const first = run(...args);
  assert.equal(first.status, 0, first.stderr);
  const report = JSON.parse(first.stdout) as { traceHash: string; lines: number };
  const second = run(...args, '--trace')
    .stdout.trimEnd()
    .split('\n');
  assert.equal((JSON.parse(second.at(-1) ?? '') as typeof report).traceHash, report.traceHash);
  assert.ok(second.length > report.lines);
});

test('bad arguments are told apart from a violation', () => {
  assert.equal(run('--sites', 'many').status, 2);
  assert.equal(run('--seed', 'text', '--schedules', '2').status, 2);
  assert.equal(run('--faults', 'earthquake=1').status, 2);
  assert.equal(run('--crash-at', 'hsm:0:before').status, 2);
});
