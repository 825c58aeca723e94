import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const tool = fileURLToPath(new URL('../tools/no-strangers.mjs', import.meta.url));

function look(file: string, text: string): { stdout: string; status: number | null } {
  const root = mkdtempSync(join(tmpdir(), 'coffer-strangers-'));
  try {
    execFileSync('git', ['init', '-q'], { cwd: root });
    writeFileSync(join(root, file), text);
    execFileSync('git', ['add', file], { cwd: root });
    const { stdout, stderr, status } = spawnSync(process.execPath, [tool, root], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return { stdout, status };
  } finally {
    rmSync(root, { recursive: true });
  }
}

// Put together here, so that this file is not a find itself.
const slash = '/';
const strangers: readonly [string, string][] = [
  ['notes.md', `see ${slash}work/main for more`],
  ['run.sh', `cd ${slash}home/someone/coffer`],
  ['.npmrc', `registry=https:${slash}${slash}mirror.example/npm/`],
  ['setup.md', `from registry${'.'}npmjs.org`],
  ['package-lock.json', `{\n"resolved": ${'"'}https://cdn.example/x.tgz"}`],
];

for (const [file, text] of strangers) {
  test(`finds ${JSON.stringify(text)} in ${file}`, () => {
    const { stdout, status } = look(file, text);
    assert.equal(status, 1);
    assert.match(stdout, new RegExp(`^${file.replace('.', '\\.')}:\\d+ `));
  });
}

test('leaves ordinary text alone', () => {
  const text =
    'Run ./work/x, read https://docs.npmjs.com/cli and /etc/coffer/agent.json, or look at http://localhost:8080/v1.';
  assert.equal(look('README.md', text).status, 0);
});
