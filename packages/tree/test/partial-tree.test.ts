import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, hex, InvariantError } from '@coffer/base';
import { computeRoot, emptyRoot, PartialTree } from '@coffer/tree';
import fc from 'fast-check';
import { digest, isCode, keyAt, MemoryStore, manyLeaves, proofFor, sorted, storeOf } from './fixtures.js';
import { naiveRoot } from './oracle.js';

/** Keys from a small alphabet in a few positions: long shared prefixes, odd and even depths, splits of every kind. */
const nearKey = fc
  .tuple(fc.array(fc.constantFrom('0', '1', 'f'), { minLength: 0, maxLength: 5 }), fc.constantFrom('0', '3'))
  .map(([start, fill]) => start.join('').padEnd(64, fill));
const endKey = fc.constantFrom('0', '1', '2').map((end) => `${'7'.repeat(63)}${end}`);
const farKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex);
const key = fc.oneof(nearKey, nearKey, endKey, farKey);
const content = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex);
const leaves = fc.array(fc.tuple(key, content), { maxLength: 40 }).map((entries) => new Map(entries));

test('README example: the host proves, the HSM changes, and both arrive at one root', () => {
  const store = new MemoryStore();
  const [alice, bob] = [digest('alice', 0), digest('bob', 0)];
  let root = emptyRoot;
  for (const contentHash of [digest('first', 0), digest('second', 0)]) {
    const host = PartialTree.load(store, [alice, bob]);
    const hsm = PartialTree.open(host.encodeProof(), root);
    hsm.get(bob); // undefined, provably
    hsm.set(alice, contentHash);
    root = hsm.root();
    host.set(alice, contentHash);
    assert.deepEqual(host.root(), root);
    store.write(host.changes());
  }
  const last = PartialTree.open(proofFor(store, [alice, bob]), root);
  assert.deepEqual(last.get(alice), digest('second', 0));
  assert.equal(last.get(bob), undefined);
});

test('the root of the whole tree is what the definition says', () => {
  fc.assert(
    fc.property(leaves, (map) => {
      assert.equal(hex(computeRoot(sorted(map))), naiveRoot(map));
    }),
    { numRuns: 300 },
  );
  assert.equal(hex(emptyRoot), naiveRoot(new Map()));
  assert.deepEqual(computeRoot([]), emptyRoot);
});

test('the nodes of a rebuilt tree are those of a tree that grew', () => {
  fc.assert(
    fc.property(leaves, (map) => {
      const grown = new MemoryStore();
      for (const [at, contentHash] of map) {
        const tree = PartialTree.load(grown, [fromHex(at)]);
        tree.set(fromHex(at), fromHex(contentHash));
        grown.write(tree.changes());
      }
      assert.deepEqual(new Map([...grown.nodes].sort()), new Map([...storeOf(map).store.nodes].sort()));
    }),
    { numRuns: 200 },
  );
});

test('batches of reads and writes: HSM, host and oracle agree at every step', () => {
  const operation = fc.record({ key, write: fc.option(content) });
  const batches = fc.array(fc.array(operation, { maxLength: 12 }), { maxLength: 8 });
  fc.assert(
    fc.property(leaves, batches, (map, schedule) => {
      const { store, root: start } = storeOf(map);
      let root = start;
      for (const batch of schedule) {
        const host = PartialTree.load(
          store,
          batch.map((each) => fromHex(each.key)),
        );
        const hsm = PartialTree.open(host.encodeProof(), root);
        for (const each of batch) {
          const found = hsm.get(fromHex(each.key));
          assert.equal(found && hex(found), map.get(each.key));
          if (each.write === null) continue;
          map.set(each.key, each.write);
          hsm.set(fromHex(each.key), fromHex(each.write));
          host.set(fromHex(each.key), fromHex(each.write));
          assert.equal(hex(hsm.root()), naiveRoot(map));
        }
        root = hsm.root();
        assert.deepEqual(host.root(), root);
        assert.deepEqual(host.encodeProof(), hsm.encodeProof());
        store.write(host.changes());
      }
      assert.deepEqual(store.nodes.size === 0 ? emptyRoot : PartialTree.load(store, []).root(), root);
    }),
    { numRuns: 200 },
  );
});

test('a proof is the same bytes again when encoded, whatever the order of keys and repetitions', () => {
  fc.assert(
    fc.property(leaves, fc.array(key, { minLength: 1, maxLength: 10 }), (map, keys) => {
      const { store, root } = storeOf(map);
      const proof = proofFor(store, keys.map(fromHex));
      assert.deepEqual(PartialTree.open(proof, root).encodeProof(), proof);
      assert.deepEqual(proofFor(store, [...keys, ...keys].reverse().map(fromHex)), proof);
    }),
  );
});

test('absence is proved by an empty slot, by another leaf, and by a branch that leads elsewhere', () => {
  const map = new Map([
    ['1'.padEnd(64, '0'), hex(digest('a', 0))],
    ['abc1'.padEnd(64, '0'), hex(digest('a', 1))],
    ['abc2'.padEnd(64, '0'), hex(digest('a', 2))],
  ]);
  const { store, root } = storeOf(map);
  for (const absent of [keyAt('2'), keyAt('11'), keyAt('abd'), keyAt('abc3'), keyAt('abc11')]) {
    const tree = PartialTree.open(proofFor(store, [absent]), root);
    assert.equal(tree.get(absent), undefined);
    tree.set(absent, digest('new', 0));
    assert.equal(hex(tree.root()), naiveRoot(new Map([...map, [hex(absent), hex(digest('new', 0))]])));
  }
});

test('a key that the proof does not open is neither read nor written', () => {
  const { store, root } = storeOf(manyLeaves(100));
  const [covered, other] = [digest('key', 0), digest('key', 1)];
  for (const tree of [PartialTree.open(proofFor(store, [covered]), root), PartialTree.load(store, [covered])]) {
    assert.throws(() => tree.get(other), isCode('not-covered'));
    assert.throws(() => tree.set(other, digest('x', 0)), isCode('not-covered'));
    assert.deepEqual(tree.root(), root);
    assert.deepEqual(tree.changes(), []);
  }
});

test('only dirty branches are written, and only needed ones are read', () => {
  const { store, root } = storeOf(manyLeaves(10_000));
  store.reads = 0;
  const tree = PartialTree.load(store, [digest('key', 5)]);
  assert.ok(store.reads <= 6, `${store.reads} reads`);
  assert.deepEqual(tree.changes(), []);
  tree.set(digest('key', 5), digest('new', 5));
  assert.equal(tree.changes().length, store.reads);
  assert.notDeepEqual(tree.root(), root);
});

test('what is handed out or in is a copy', () => {
  const { store, root } = storeOf(manyLeaves(3));
  const tree = PartialTree.load(store, [digest('key', 0)]);
  tree.get(digest('key', 0))?.fill(0);
  tree.root().fill(0);
  const given = digest('content', 0);
  tree.set(digest('key', 0), given);
  given.fill(0);
  assert.deepEqual(tree.root(), root);
});

test('lengths are the caller’s duty', () => {
  const tree = PartialTree.load(new MemoryStore(), []);
  assert.throws(() => tree.get(new Uint8Array(31)), InvariantError);
  assert.throws(() => tree.set(digest('a', 0), new Uint8Array(33)), InvariantError);
});

test('leaves out of order or twice are refused', () => {
  const [a, b] = sorted(manyLeaves(2)) as [never, never];
  assert.throws(() => computeRoot([b, a]), isCode('not-sorted'));
  assert.throws(() => computeRoot([a, a]), isCode('not-sorted'));
});
