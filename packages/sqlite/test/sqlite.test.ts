import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvariantError } from '@coffer/base';
import { Sqlite, SqliteError } from '@coffer/sqlite';

const folder = mkdtempSync(join(tmpdir(), 'coffer-sqlite-'));
after(() => rmSync(folder, { recursive: true }));

const isCode = (code: string) => (error: unknown) => error instanceof SqliteError && error.code === code;

function filled(path = ':memory:'): Sqlite {
  const sqlite = Sqlite.open(path);
  sqlite.exec('CREATE TABLE t (key INTEGER PRIMARY KEY, value BLOB NOT NULL)');
  return sqlite;
}

const count = (sqlite: Sqlite) => sqlite.get('SELECT count(*) AS n FROM t')?.n;

test('README example: a transaction is durable when it returns', () => {
  const path = join(folder, 'example.db');
  const sqlite = filled(path);
  sqlite.transaction(() => {
    sqlite.run('INSERT INTO t VALUES (?, ?)', 1, Uint8Array.of(7));
    sqlite.run('INSERT INTO t VALUES (?, ?)', 2, Uint8Array.of(8));
  });
  assert.deepEqual(sqlite.get('SELECT value FROM t WHERE key = ?', 1)?.value, Uint8Array.of(7));
  sqlite.close();
  copyFileSync(path, `${path}.copy`); // once closed, the file is complete without its log
  const again = Sqlite.open(`${path}.copy`);
  assert.equal(count(again), 2n);
  again.close();
});

test('the file is set up for durability', () => {
  const sqlite = filled(join(folder, 'pragmas.db'));
  const pragma = (name: string) => Object.values(sqlite.get(`PRAGMA ${name}`) ?? {})[0];
  assert.equal(pragma('journal_mode'), 'wal');
  assert.equal(pragma('synchronous'), 2n);
  assert.equal(pragma('foreign_keys'), 1n);
  sqlite.close();
});

test('a transaction that throws has changed nothing, and the connection goes on', () => {
  const sqlite = filled();
  const failure = new Error('half way');
  const work = () => {
    sqlite.run('INSERT INTO t VALUES (1, ?)', Uint8Array.of(1));
    throw failure;
  };
  assert.throws(() => sqlite.transaction(work), failure);
  assert.equal(count(sqlite), 0n);
  assert.equal(
    sqlite.transaction(() => sqlite.run('INSERT INTO t VALUES (1, ?)', Uint8Array.of(1))),
    1,
  );
});

test('transactions neither nest nor wait for promises; a read inside a transaction is part of it', () => {
  const sqlite = filled();
  assert.throws(() => sqlite.transaction(() => sqlite.transaction(() => 0)), InvariantError);
  assert.throws(() => sqlite.transaction(async () => 0), InvariantError);
  assert.equal(
    sqlite.transaction(() => sqlite.read(() => count(sqlite))),
    0n,
  );
});

test('integers of 64 bits are read exactly', () => {
  const sqlite = filled();
  const large = 2n ** 63n - 1n;
  sqlite.run('INSERT INTO t VALUES (?, ?)', large, new Uint8Array(0));
  assert.equal(sqlite.get('SELECT key FROM t')?.key, large);
  assert.equal(sqlite.get('SELECT key FROM t WHERE key = 0'), undefined);
});

test('failures carry a code', () => {
  const sqlite = filled();
  sqlite.run('INSERT INTO t VALUES (1, ?)', Uint8Array.of(1));
  assert.throws(() => sqlite.run('INSERT INTO t VALUES (1, ?)', Uint8Array.of(1)), isCode('constraint'));
  assert.throws(() => sqlite.all('SELECT nothing FROM t'), isCode('sql'));
  assert.throws(() => Sqlite.open(join(folder, 'no', 'such', 'folder.db')), isCode('cannot-open'));
  const garbage = join(folder, 'garbage.db');
  writeFileSync(garbage, new Uint8Array(8192).fill(65));
  assert.throws(() => Sqlite.open(garbage), isCode('corrupt'));
});

test('a second writer is told that it is busy; a reader keeps its consistent state', () => {
  const path = join(folder, 'busy.db');
  const one = filled(path);
  const two = Sqlite.open(path, { busyTimeoutMs: 0 });
  one.transaction(() => {
    one.run('INSERT INTO t VALUES (1, ?)', Uint8Array.of(1));
    assert.throws(() => two.transaction(() => 0), isCode('busy'));
  });
  two.read(() => {
    assert.equal(count(two), 1n);
    one.run('INSERT INTO t VALUES (2, ?)', Uint8Array.of(1));
    assert.equal(count(two), 1n);
  });
  assert.equal(count(two), 2n);
  one.close();
  two.close();
});

test('a failure at any statement, before or after it, leaves all or nothing', () => {
  const steps: string[] = [];
  for (let failAt = 0; ; failAt++) {
    let at = -1;
    steps.length = 0;
    const sqlite = Sqlite.open(':memory:', {
      onStatement(moment, sql) {
        if (at < 0) return;
        steps.push(`${moment} ${sql}`);
        if (at++ === failAt) throw new Error('injected');
      },
    });
    sqlite.exec('CREATE TABLE t (key INTEGER PRIMARY KEY)');
    at = 0;
    let done = true;
    try {
      sqlite.transaction(() => {
        sqlite.run('INSERT INTO t VALUES (1)');
        sqlite.run('INSERT INTO t VALUES (2)');
      });
    } catch {
      done = false;
    }
    at = -1;
    const committed = steps.at(-1) === 'after COMMIT';
    assert.equal(count(sqlite), committed ? 2n : 0n, `failed at ${failAt}: ${steps.at(-1)}`);
    assert.equal(
      sqlite.transaction(() => 1),
      1,
    );
    if (done) break;
  }
  assert.equal(steps.length, 8);
});

test("the driver is Node's own where there is one, and opening prints no warning", () => {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const own = major > 22 || (major === 22 && minor >= 13);
  const program = `
    import { Sqlite } from '@coffer/sqlite';
    const sqlite = Sqlite.open(':memory:');
    process.emitWarning('still heard');
    process.stdout.write(sqlite.driver);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname });
  assert.equal(child.stdout.toString(), own ? 'node:sqlite' : '@photostructure/sqlite');
  assert.match(child.stderr.toString(), /still heard/);
  assert.doesNotMatch(child.stderr.toString(), /experimental/i);
});
