import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, InvariantError } from '@coffer/base';
import type { LeafWrite } from '@coffer/protocol';
import { type Replica, snapshotPageLeavesMax } from '@coffer/replica';
import { Sqlite } from '@coffer/sqlite';
import {
  certificateFor,
  certify,
  digest,
  extend,
  genesis,
  group,
  headOf,
  history,
  isCode,
  leavesOf,
  newPath,
  open,
  type Point,
  recordKey,
  storedOf,
  summary,
  write,
} from './fixtures.js';

const points = history(12);
const at = (index: number): Point => points[index - 1] as Point;

function source(stored: number, certified: number): Replica {
  const replica = open();
  replica.store(group, storedOf(points.slice(0, certified)));
  certify(replica, at(certified));
  replica.store(group, storedOf(points.slice(certified, stored)));
  return replica;
}

function* pages(replica: Replica, limit: number): Generator<readonly LeafWrite[]> {
  let after: Uint8Array | undefined;
  do {
    const page = replica.snapshotPage(group, after, limit);
    yield page.leaves;
    after = page.next;
  } while (after !== undefined);
}

test('a lost site copies a snapshot and goes on from there', () => {
  for (const limit of [1, 3, 1000]) {
    const from = source(8, 6);
    const to = open();
    to.installSnapshot(group, from.snapshotHead(group) as never, pages(from, limit));
    assert.equal(to.tip(group).index, 6n);
    assert.equal(to.describe()[group]?.committedIndex, 6n);
    to.store(group, from.entries(group, 7n, 10));
    const { oldestEntry, entries, ...installed } = summary(to);
    const { oldestEntry: _, entries: __, ...original } = summary(from);
    assert.deepEqual(installed, original);
    assert.equal(oldestEntry, 6n);
    assert.equal(entries.length, 3);
    assert.throws(() => to.rewind(group, 5n), isCode('undo-missing'));
  }
});

test('a snapshot shows nothing of uncommitted entries, neither new records nor new contents', () => {
  const committed = extend(genesis, [write(1, 'old'), write(2, 'old')]);
  const once = extend(committed, [write(1, 'new'), write(3, 'new')]);
  const twice = extend(once, [write(1, 'newer'), write(3, 'newer'), write(4, 'newer')]);
  const replica = open();
  replica.store(group, storedOf([committed]));
  certify(replica, committed);
  replica.store(group, storedOf([once, twice]));
  const leaves = [...pages(replica, 1)].flat();
  assert.deepEqual(new Map(leaves.map((leaf) => [hex(leaf.recordKey), leaf.sealed])), committed.records);
});

test('a source that moves on between pages: later entries make the copy good', () => {
  const from = source(4, 4);
  const to = open();
  const install = to.beginSnapshot(group);
  const start = from.snapshotPage(group, undefined, 3);
  install.add(start.leaves);
  from.store(group, storedOf(points.slice(4, 10)));
  certify(from, at(9));
  let page = from.snapshotPage(group, start.next, 3);
  assert.equal(page.at.index, 9n);
  for (;;) {
    install.add(page.leaves);
    if (page.next === undefined) break;
    page = from.snapshotPage(group, page.next, 3);
  }
  for (const { leaves } of from.entries(group, start.at.index + 1n, 5)) install.add(leaves);
  install.finish(from.snapshotHead(group) as never);
  assert.deepEqual(to.tip(group).hash, at(9).hash);
  to.verify(group);

  const careless = open();
  const torn = careless.beginSnapshot(group);
  torn.add(start.leaves);
  for (const leaves of pages(from, 1000)) torn.add(leaves.filter(({ recordKey: key }) => !isIn(start.leaves, key)));
  assert.throws(() => torn.finish(from.snapshotHead(group) as never), isCode('bad-root'));
  assert.deepEqual(summary(careless), summary(open()));
});

const isIn = (leaves: readonly LeafWrite[], key: Uint8Array) => leaves.some((leaf) => hex(leaf.recordKey) === hex(key));

test('a snapshot that is not what it claims leaves everything as it was', () => {
  const path = newPath();
  const replica = open(path);
  replica.store(group, storedOf(points.slice(0, 3)));
  const before = summary(replica);
  const good = leavesOf(at(6));
  const [first, ...others] = good as [LeafWrite, ...LeafWrite[]];
  const install = (head: unknown, leaves: readonly LeafWrite[]) => () =>
    replica.installSnapshot(group, head as never, [leaves]);
  const head = headOf(at(6));
  const cases: [string, () => void][] = [
    ['bad-root', install(head, others)],
    ['bad-root', install(head, [...good, write(15, 'more')])],
    ['bad-root', install(head, [...others, { ...first, sealed: write(1, 'else').sealed }])],
    ['bad-root', install(head, [])],
    ['bad-leaves', install(head, [...others, { ...first, sealed: new Uint8Array(7) }])],
    ['bad-certificate', install({ ...head, certificate: certificateFor(at(5)) }, good)],
    ['bad-certificate', install({ ...head, certificate: certificateFor({ ...at(6), hash: digest('x') }) }, good)],
    ['bad-certificate', install({ ...head, certificate: new Uint8Array(9) }, good)],
    ['bad-entry', install({ ...head, tipEntry: { entry: new Uint8Array(9), leaves: [] } }, good)],
    ['bad-leaves', install({ ...head, tipEntry: { ...head.tipEntry, leaves: [] } }, good)],
    ['older-snapshot', install(headOf(at(2)), leavesOf(at(2)))],
  ];
  for (const [code, call] of cases) {
    assert.throws(call, isCode(code), code);
    assert.deepEqual(summary(replica), before, code);
  }
  const raw = Sqlite.open(path);
  assert.equal(raw.get('SELECT count(*) AS states FROM state')?.states, 2n);
  raw.close();
  install(head, good)();
  assert.deepEqual(replica.tip(group).hash, at(6).hash);
  replica.verify(group);
});

test('a snapshot of another branch than the certified one is refused; one of the certified branch replaces the other', () => {
  const other = history(6, at(3), 'other');
  const replica = open();
  replica.store(group, storedOf(points.slice(0, 3)));
  replica.store(group, storedOf(other.slice(0, 2)));
  certify(replica, at(7));
  const wrong = other[3] as Point;
  assert.equal(wrong.index, 7n);
  assert.throws(() => replica.installSnapshot(group, headOf(wrong), [leavesOf(wrong)]), isCode('certificates-differ'));
  replica.installSnapshot(group, headOf(at(5)), [leavesOf(at(5))]);
  replica.store(group, storedOf(points.slice(5, 7)));
  assert.equal(replica.describe()[group]?.committedIndex, 7n);
  replica.verify(group);
});

test('records may arrive in any order and twice; the tree is built in steps', () => {
  const many = extend(
    genesis,
    Array.from({ length: 256 }, (_, key) => write(key, key)),
  );
  const more = [many];
  for (let from = 256; from < 1280; from += 256) {
    const leaves = Array.from({ length: 256 }, (_, key) => write(from + key, key));
    more.push(extend(more.at(-1) as Point, leaves));
  }
  const last = more.at(-1) as Point;
  const replica = open();
  const install = replica.beginSnapshot(group);
  install.add([write(5, 'stale'), write(1000, 'stale')]);
  install.add(leavesOf(last).reverse());
  assert.equal(install.build(), false);
  assert.throws(() => install.add([]), InvariantError);
  assert.equal(install.build(), true);
  assert.equal(install.build(), true);
  install.finish(headOf(last));
  assert.equal(replica.verify(group).records, 1280n);
  assert.equal(replica.snapshotPage(group, undefined, 5000).leaves.length, snapshotPageLeavesMax);
  assert.equal(replica.snapshotPage(group, undefined, 0).leaves.length, 1);
  assert.throws(() => install.finish(headOf(last)), InvariantError);
  install.discard();
  assert.equal(replica.verify(group).records, 1280n);
});

test('one install at a time for a group, beside other work, and what a crash leaves over is removed', () => {
  const path = newPath();
  const replica = open(path);
  const abandoned = replica.beginSnapshot(group);
  abandoned.add(leavesOf(at(6)));
  const install = replica.beginSnapshot(group);
  assert.throws(() => abandoned.add([]), InvariantError);
  install.add(leavesOf(at(6)));
  replica.store(group, storedOf(points.slice(0, 2)));
  replica.close();
  const again = open(path);
  const raw = Sqlite.open(path);
  assert.equal(raw.get('SELECT count(*) AS states FROM state')?.states, 2n);
  assert.equal(raw.get('SELECT count(*) AS leaves FROM leaf')?.leaves, BigInt(at(2).records.size));
  raw.close();
  assert.deepEqual(again.tip(group).hash, at(2).hash);
  again.verify(group);
  assert.deepEqual(again.proof(group, [recordKey(99)]).leaves, [undefined]);
  again.close();
});
