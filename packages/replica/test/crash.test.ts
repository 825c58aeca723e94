import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Sqlite } from '@coffer/sqlite';
import { crashCases, openCase, runCase } from './crash-cases.js';
import { group, newPath, open, summary } from './fixtures.js';

/*
 * Each operation is stopped before and after each of its statements. Whatever is found afterwards must be, as a whole
 * and verified, either the state before or the state after; and the operation must then go through when repeated.
 */

const points = (path: string, name: string): number => {
  let count = 0;
  const replica = openCase(path, () => {
    count++;
  });
  runCase(name, replica);
  replica.close();
  return count;
};

const seen = (path: string) => {
  const replica = open(path);
  try {
    return summary(replica);
  } finally {
    replica.close();
  }
};

/** The file before the operation, a count of its crash points, and what is seen before and after. */
function prepare(name: string) {
  const start = newPath();
  crashCases[name]?.prepare(start);
  const fresh = () => {
    const path = newPath();
    copyFileSync(start, path);
    return path;
  };
  const before = seen(fresh());
  const done = fresh();
  const count = points(done, name);
  return { fresh, before, after: seen(done), count };
}

function assertWhole(path: string, name: string, before: unknown, after: unknown, at: string): 'before' | 'after' {
  const found = seen(path);
  const side = isDeepStrictEqual(found, before) ? 'before' : 'after';
  if (side === 'after') assert.deepEqual(found, after, `${name}, ${at}`);
  if (side === 'before' && !isDeepStrictEqual(before, after)) {
    const replica = open(path);
    runCase(name, replica);
    replica.close();
    assert.deepEqual(seen(path), after, `${name}, repeated after ${at}`);
  }
  const raw = Sqlite.open(path);
  assert.equal(raw.get('SELECT count(*) AS states FROM state')?.states, 2n, `${name}, leftovers after ${at}`);
  raw.close();
  return side;
}

for (const name of Object.keys(crashCases)) {
  test(`${name}: a failure before or after any statement leaves all or nothing`, () => {
    const { fresh, before, after, count } = prepare(name);
    assert.notDeepEqual(before, after);
    const sides = new Set<string>();
    for (let failAt = 0; failAt < count; failAt++) {
      const path = fresh();
      let at = 0;
      let where = '';
      let armed = true;
      const replica = openCase(path, (moment, sql) => {
        if (!armed || at++ !== failAt) return;
        where = `${moment} ${sql}`;
        armed = false;
        throw new Error('injected');
      });
      assert.throws(() => runCase(name, replica), /injected/);
      // The very handle that saw the failure must see a whole state, too.
      summary(replica);
      replica.close();
      sides.add(assertWhole(path, name, before, after, where));
    }
    assert.deepEqual([...sides].sort(), ['after', 'before']);
  });
}

test('killed in the middle: what the disk holds is whole', () => {
  const program = join(import.meta.dirname, 'crash-child.js');
  const sides: string[] = [];
  for (const name of ['store', 'install']) {
    const { fresh, before, after, count } = prepare(name);
    const kills = [...new Set([0, count - 3, count - 2, count - 1, Math.floor(count / 2)])];
    for (const killAt of kills) {
      const path = fresh();
      const child = spawnSync(process.execPath, [program, path, name, String(killAt)]);
      assert.equal(child.signal, 'SIGKILL', child.stderr.toString());
      sides.push(assertWhole(path, name, before, after, `kill ${killAt} of ${count}`));
    }
  }
  assert.ok(sides.includes('before') && sides.includes('after'), sides.join());
});

test('a new file is created whole or not at all', () => {
  let count = 0;
  open(newPath(), { onStatement: () => count++ }).close();
  assert.ok(count > 10);
  for (let failAt = 0; failAt < count; failAt++) {
    const path = newPath();
    let at = 0;
    const onStatement = () => {
      if (at++ === failAt) throw new Error('injected');
    };
    assert.throws(() => open(path, { onStatement }), /injected/);
    const replica = open(path);
    assert.equal(replica.tip(group).index, 0n);
    summary(replica);
    replica.close();
  }
});
