import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the README’s example runs', () => {
  const packageFolder = fileURLToPath(new URL('..', import.meta.url));
  const readme = readFileSync(`${packageFolder}/README.md`, 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code, 'there is an example');
  // The assertions inside make it exit with an error when they fail.
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: packageFolder, stdio: 'pipe' });
});
