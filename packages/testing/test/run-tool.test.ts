import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const tool = fileURLToPath(new URL('../dist/hostile-cli.js', import.meta.url));

test('an argument that a tool does not know is usage, and no violation', () => {
  const { status, stderr } = spawnSync(process.execPath, [tool, '--bogus'], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /^Unknown option '--bogus'/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});
