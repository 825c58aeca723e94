import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Result {
  readonly name: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly expect: string;
  readonly found: string;
  readonly complete: boolean;
  readonly states: number;
}

const tool = fileURLToPath(new URL('../tools/model.mjs', import.meta.url));
const missing = ['spin', 'gcc'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 && `needs ${missing.join(' and ')} (Debian: apt-get install spin gcc)`;

let results: Result[] = [];
let status: number | null = null;

before(() => {
  if (skip) return;
  const run = spawnSync(process.execPath, [tool, '--quick', '--json'], { encoding: 'utf8', maxBuffer: 1 << 24 });
  status = run.status;
  results = JSON.parse(run.stdout || '[]');
});

after(() => {
  results = [];
});

const of = (kind: string) => results.filter((result) => result.kind === kind);

for (const kind of ['safety', 'progress']) {
  test(`model: ${kind} holds in every state of the quick sizes`, { skip }, () => {
    assert.ok(of(kind).length > 0);
    for (const { name, found, complete, states } of of(kind)) {
      assert.equal(found, 'none', name);
      assert.ok(complete && states > 10_000, name);
    }
  });
}

test('model: every rule taken out has its counterexample', { skip }, () => {
  assert.ok(of('weakened').length >= 25);
  for (const { name, found, expect } of of('weakened')) {
    assert.notEqual(expect, 'none', name);
    assert.equal(found, expect, name);
  }
});

test('model: it does what it is about: rewinds, several terms on one chain, late releases', { skip }, () => {
  assert.deepEqual(
    of('witness').map(({ found }) => found),
    ['11', '11', '11'],
  );
});

test('model: the tool says by its exit code that all is as it must be', { skip }, () => {
  assert.equal(status, 0);
  assert.ok(results.every(({ ok }) => ok));
});
