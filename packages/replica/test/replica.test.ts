import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, hex, InvariantError } from '@coffer/base';
import type { ConfigHash, RecordKey } from '@coffer/protocol';
import { entriesReadMax, Replica } from '@coffer/replica';
import { Sqlite } from '@coffer/sqlite';
import { PartialTree, TreeError } from '@coffer/tree';
import {
  certificateFor,
  certify,
  digest,
  extend,
  genesis,
  group,
  history,
  isCode,
  newPath,
  open,
  options,
  type Point,
  recordKey,
  sealed,
  storedOf,
  summary,
  write,
} from './fixtures.js';

test('README example: store, prove, certify', () => {
  const replica = open(newPath());
  const [first, second] = history(2) as [Point, Point];
  replica.store(group, storedOf([first, second])); // durable now: the HSM may capture
  replica.has(group, second.index, second.hash); // true
  const { proof, leaves } = replica.proof(group, [recordKey(0), recordKey(99)]);
  PartialTree.open(proof, replica.tip(group).root).get(recordKey(99)); // undefined, provably
  replica.saveCertificate(group, certificateFor(second), second.index, second.hash);
  assert.deepEqual(leaves, [sealed('0 0'), undefined]);
  assert.equal(replica.describe()[group]?.committedIndex, 2n);
  replica.close();
});

test('a new replica stands at the genesis of each group', () => {
  const replica = open();
  assert.deepEqual(replica.tip(group), { index: 0n, hash: genesis.hash, root: genesis.root });
  assert.notDeepEqual(replica.tip(0).hash, genesis.hash);
  assert.ok(replica.has(group, 0n, genesis.hash));
  assert.ok(!replica.has(group, 0n, digest('x')));
  assert.equal(replica.certificate(group), undefined);
  assert.equal(replica.snapshotHead(group), undefined);
  assert.deepEqual(replica.snapshotPage(group, undefined, 10).leaves, []);
  assert.deepEqual(replica.entries(group, 0n, 10), []);
  summary(replica);
});

test('what was stored is there after reopening, byte for byte', () => {
  const path = newPath();
  const points = history(5);
  const first = open(path);
  first.store(group, storedOf(points));
  const before = summary(first);
  first.close();
  const second = open(path);
  assert.deepEqual(summary(second), before);
  for (const point of points) {
    assert.deepEqual(second.entry(group, point.index), point.stored);
    assert.ok(second.has(group, point.index, point.hash));
  }
  assert.equal(second.entry(group, 6n), undefined);
  assert.ok(!second.has(group, 6n, points[4]?.hash as Uint8Array));
  assert.ok(!second.has(group, 5n, points[3]?.hash as Uint8Array));
  second.close();
});

test('each wrong entry has its code, and a call with one wrong entry changes nothing', () => {
  const replica = open();
  const [first, second, third] = history(3) as [Point, Point, Point];
  replica.store(group, storedOf([first]));
  const before = summary(replica);
  const wrong: [string, Point | { stored: unknown }][] = [
    ['not-next', third],
    ['not-next', extend({ ...first, hash: digest('x') }, [write(1, 1)])],
    ['not-next', first],
    ['bad-entry', { stored: { entry: new Uint8Array(10), leaves: [] } }],
    ['bad-entry', extend(first, [write(1, 1)], 0, { group: 0 })],
    ['bad-entry', extend(first, [write(1, 1)], 0, { configHash: digest('other') as ConfigHash })],
    ['bad-root', extend(first, [write(1, 1)], 0, { root: digest('root') })],
    ['bad-leaves', extend(first, [write(1, 1), write(1, 2)])],
    ['bad-leaves', { stored: { entry: second.stored?.entry, leaves: [] } }],
    ['bad-leaves', { stored: { entry: second.stored?.entry, leaves: [write(0, 'x')] } }],
    [
      'bad-leaves',
      { stored: { entry: second.stored?.entry, leaves: [{ ...write(0, 1), sealed: new Uint8Array(3) }] } },
    ],
  ];
  for (const [code, { stored }] of wrong) {
    assert.throws(() => replica.store(group, [stored as never]), isCode(code), code);
    assert.deepEqual(summary(replica), before);
  }
  const after = extend(second, [write(1, 1)], 0, { root: digest('root') });
  assert.throws(() => replica.store(group, storedOf([second, after])), isCode('bad-root'));
  assert.deepEqual(summary(replica), before);
  replica.store(group, storedOf([second, third]));
  assert.equal(replica.tip(group).index, 3n);
});

test('no such group', () => {
  const replica = open();
  const calls: (() => unknown)[] = [
    () => replica.tip(2),
    () => replica.proof(2, []),
    () => replica.store(2, []),
    () => replica.entries(2, 1n, 1),
    () => replica.has(2, 0n, genesis.hash),
    () => replica.rewind(2, 0n),
    () => replica.saveCertificate(2, certificateFor(genesis, 1n, 2), 0n, genesis.hash),
    () => replica.certificate(2),
    () => replica.trim(2, 1n),
    () => replica.snapshotHead(2),
    () => replica.snapshotPage(2, undefined, 1),
    () => replica.beginSnapshot(2),
    () => replica.verify(2),
  ];
  for (const call of calls) assert.throws(call, isCode('no-such-group'), String(call));
});

test('uncommitted entries: as many as can be undone, and not one more', () => {
  const replica = open(':memory:', { undoEntriesMax: 3 });
  const points = history(6);
  assert.throws(() => replica.store(group, storedOf(points.slice(0, 4))), isCode('undo-full'));
  replica.store(group, storedOf(points.slice(0, 3)));
  assert.throws(() => replica.store(group, storedOf(points.slice(3, 4))), isCode('undo-full'));
  certify(replica, points[0] as Point);
  replica.store(group, storedOf(points.slice(3, 4)));
  assert.throws(() => replica.store(group, storedOf(points.slice(4, 5))), isCode('undo-full'));
  summary(replica);
});

test('catching up over more than the undo depth, to an entry whose certificate is known', () => {
  const replica = open(':memory:', { undoEntriesMax: 2 });
  const points = history(30);
  certify(replica, points[27] as Point);
  assert.equal(replica.describe()[group]?.certifiedIndex, 28n);
  assert.throws(() => replica.store(group, storedOf(points.slice(0, 27))), isCode('undo-full'));
  replica.store(group, storedOf(points));
  assert.equal(replica.describe()[group]?.committedIndex, 28n);
  summary(replica);
});

test('entries are read without gaps, up to the limit', () => {
  const replica = open();
  const points = history(entriesReadMax + 10);
  certify(replica, points.at(-1) as Point);
  replica.store(group, storedOf(points));
  assert.deepEqual(replica.entries(group, 3n, 4), storedOf(points.slice(2, 6)));
  assert.equal(replica.entries(group, 1n, 1000).length, entriesReadMax);
  assert.equal(replica.entries(group, 70n, 1000).length, points.length - 69);
  replica.trim(group, 5n);
  assert.deepEqual(replica.entries(group, 4n, 10), []);
  assert.equal(replica.entries(group, 5n, 10).length, 10);
  assert.ok(!replica.has(group, 4n, points[3]?.hash as Uint8Array));
  replica.trim(group, 10_000n);
  assert.deepEqual(replica.entries(group, 74n, 10), storedOf(points.slice(-1)));
  summary(replica);
});

test('trim keeps uncommitted entries and the newest certified one', () => {
  const replica = open();
  const points = history(5);
  replica.store(group, storedOf(points));
  replica.trim(group, 5n);
  assert.equal(replica.describe()[group]?.oldestEntry, 1n);
  certify(replica, points[2] as Point);
  replica.trim(group, 5n);
  assert.equal(replica.describe()[group]?.oldestEntry, 3n);
  replica.rewind(group, 3n);
  summary(replica);
});

test('a proof covers 256 keys and not one more', () => {
  const replica = open();
  const keys = Array.from({ length: 257 }, (_, at) => recordKey(at));
  assert.equal(replica.proof(group, keys.slice(1)).leaves.length, 256);
  assert.throws(
    () => replica.proof(group, keys),
    (error: unknown) => error instanceof TreeError && error.code === 'over-limit',
  );
});

test('an entry with 256 leaves, and one without any', () => {
  const replica = open();
  const full = extend(
    genesis,
    Array.from({ length: 256 }, (_, at) => write(at, at)),
  );
  const none = extend(full, []);
  replica.store(group, storedOf([full, none]));
  assert.deepEqual(replica.tip(group).root, full.root);
  replica.rewind(group, 1n);
  assert.equal(replica.verify(group).records, 256n);
  replica.rewind(group, 0n);
  assert.equal(replica.verify(group).records, 0n);
  assert.equal(replica.verify(group).nodes, 0n);
});

test('together: one transaction for many calls, all or none', () => {
  const replica = open();
  const [first, second] = history(2) as [Point, Point];
  const before = summary(replica);
  assert.throws(
    () =>
      replica.together(() => {
        replica.store(group, storedOf([first]));
        replica.store(group, storedOf([first]));
      }),
    isCode('not-next'),
  );
  assert.deepEqual(summary(replica), before);
  const passedOver = () =>
    replica.together(() => {
      replica.store(group, storedOf([first]));
      assert.throws(() => replica.store(group, storedOf([first])));
    });
  assert.throws(passedOver, InvariantError);
  assert.deepEqual(summary(replica), before);
  replica.together(() => {
    replica.store(group, storedOf([first]));
    replica.store(group, storedOf([second]));
    certify(replica, second);
  });
  assert.equal(replica.describe()[group]?.committedIndex, 2n);
  summary(replica);
});

test('what is kept in memory is what the file says: after a commit that failed, and after somebody else has written', () => {
  const [first, second] = history(2) as [Point, Point];
  for (const moment of ['before', 'after'] as const) {
    let isArmed = false;
    const replica = open(newPath(), {
      onStatement(at, sql) {
        if (!isArmed || sql !== 'COMMIT' || at !== moment) return;
        isArmed = false;
        throw new Error('cut');
      },
    });
    const held = () => [replica.tip(group).index, replica.certificate(group)?.index];
    assert.deepEqual(held(), [0n, undefined]);
    isArmed = true;
    const both = () => {
      replica.store(group, storedOf([first]));
      certify(replica, first);
    };
    assert.throws(() => replica.together(both), /cut/);
    assert.deepEqual(held(), moment === 'before' ? [0n, undefined] : [1n, 1n]);
    replica.close();
  }
  const path = newPath();
  const [one, other] = [open(path), open(path)];
  assert.deepEqual([one.tip(group).index, other.tip(group).index], [0n, 0n]);
  one.store(group, storedOf([first]));
  other.store(group, storedOf([second]));
  assert.equal(other.tip(group).index, 2n);
  // Whoever changes what was given out changes nothing here.
  other.tip(group).hash.fill(0);
  assert.deepEqual(other.tip(group).hash, second.hash);
});

test('a file of another fleet, another schema or no replica at all is refused', () => {
  const path = newPath();
  open(path).close();
  assert.throws(() => open(path, { groups: 3 }), isCode('other-fleet'));
  assert.throws(() => open(path, { configHash: digest('other') as ConfigHash }), isCode('other-fleet'));
  const raw = Sqlite.open(path);
  raw.exec('PRAGMA user_version = 2');
  assert.throws(() => open(path), isCode('unknown-schema'));
  raw.exec('PRAGMA user_version = 1');
  raw.close();
  open(path).close();
  const foreign = newPath();
  const sqlite = Sqlite.open(foreign);
  sqlite.exec('CREATE TABLE somebody (name TEXT)');
  sqlite.close();
  assert.throws(() => open(foreign), isCode('unknown-schema'));
});

test('another process may read along, and only read', () => {
  const path = newPath();
  const writer = open(path);
  const reader = open(path, { readOnly: true });
  const [first] = history(1) as [Point];
  writer.store(group, storedOf([first]));
  assert.deepEqual(reader.tip(group), writer.tip(group));
  assert.equal(reader.verify(group).records, writer.verify(group).records);
  assert.throws(() => reader.rewind(group, 0n), InvariantError);
  writer.close();
  reader.close();
  assert.throws(() => Replica.open({ ...options(), undoEntriesMax: 0 }), InvariantError);
});

test('damage of every kind is found by verify, and damaged nodes by proof', () => {
  const points = history(6);
  const flip = (column: string) => `${column} = flipped`;
  const damages = [
    `UPDATE leaf SET ${flip('sealed')} WHERE key = (SELECT max(key) FROM leaf)`,
    'DELETE FROM leaf WHERE key = (SELECT min(key) FROM leaf)',
    `UPDATE node SET ${flip('node')} WHERE path = x'00'`,
    "DELETE FROM node WHERE path = x'00'",
    "INSERT INTO node SELECT state, x'0770707070', node FROM node WHERE path = x'00'",
    `UPDATE tip SET ${flip('root')} WHERE grp = 1`,
    `UPDATE tip SET ${flip('hash')} WHERE grp = 1`,
    'UPDATE tip SET idx = idx - 1 WHERE grp = 1',
    'UPDATE tip SET records = records + 1 WHERE grp = 1',
    `UPDATE entry SET ${flip('hash')} WHERE idx = 3`,
    `UPDATE entry SET ${flip('root')} WHERE idx = 5`,
    `UPDATE entry SET ${flip('leaves')} WHERE idx = 3`,
    'UPDATE entry SET signed = substr(signed, 2) WHERE idx = 3',
    'DELETE FROM entry WHERE idx = 4',
    'DELETE FROM entry WHERE idx = 6',
    'DELETE FROM entry',
    `UPDATE certificate SET ${flip('hash')} WHERE held = 1`,
    'UPDATE certificate SET idx = 9 WHERE held = 1',
    'DELETE FROM certificate WHERE held = 0',
    'UPDATE undo SET idx = 2 WHERE idx = 6',
    'DELETE FROM undo WHERE idx = 6 AND kind = 1',
    `UPDATE undo SET ${flip('old')} WHERE idx = 5 AND kind = 0 AND old IS NOT NULL`,
    'UPDATE undo SET old = NULL WHERE idx = 6 AND kind = 0',
  ];
  for (const damage of damages) {
    const path = newPath();
    const replica = open(path);
    replica.store(group, storedOf(points));
    certify(replica, points[2] as Point);
    replica.verify(group);
    const raw = Sqlite.open(path);
    if (damage.includes('flipped')) flipLastByte(raw, damage);
    else assert.ok(raw.run(damage) > 0, damage);
    raw.close();
    assert.throws(() => replica.verify(group), isCode('corrupt'), damage);
    if (damage.includes("path = x'00'") && !damage.startsWith('INSERT')) {
      assert.throws(() => replica.proof(group, [recordKey(0)]), isCode('corrupt'), damage);
      const next = extend(points[5] as Point, [write(0, 'next')]);
      assert.throws(() => replica.store(group, storedOf([next])), isCode('corrupt'), damage);
    }
    replica.close();
  }
});

/** SQLite has no way to change one byte of a blob that every supported version knows: do it out here. */
function flipLastByte(raw: Sqlite, damage: string): void {
  const [, table, column, where] = /^UPDATE (\w+) SET (\w+) = flipped WHERE (.*)$/.exec(damage) as unknown as string[];
  const rows = raw.all(`SELECT ${column} AS value FROM ${table} WHERE ${where}`);
  assert.ok(rows.length > 0, damage);
  const value = fromHex(hex(rows[0]?.value as Uint8Array));
  value[value.length - 1] = (value.at(-1) as number) ^ 1;
  assert.ok(raw.run(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, value) > 0);
}

test('the tip of one group is not the tip of another', () => {
  const replica = open();
  const other = { ...genesis, hash: replica.tip(0).hash };
  replica.store(0, storedOf([extend(other, [write(1, 1)], 0, { group: 0 })]));
  assert.equal(replica.tip(0).index, 1n);
  assert.equal(replica.tip(group).index, 0n);
  assert.deepEqual(replica.proof(group, [recordKey(1) as RecordKey]).leaves, [undefined]);
  replica.verify(0);
  replica.verify(1);
});
