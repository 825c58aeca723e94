import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, hex } from '@coffer/base';
import { computeRoot, emptyRoot, PartialTree, proofBytesMax, proofKeysMax } from '@coffer/tree';
import { digest, isCode, keyAt, MemoryStore, manyLeaves, proofFor, sorted, storeOf } from './fixtures.js';

const small = storeOf(
  new Map([
    [hex(keyAt('1')), hex(digest('a', 0))],
    [hex(keyAt('abc1')), hex(digest('a', 1))],
    [hex(keyAt('abc2')), hex(digest('a', 2))],
    [hex(keyAt('f')), hex(digest('a', 3))],
  ]),
);
const smallProof = proofFor(small.store, [keyAt('abc1'), keyAt('1')]);

/** Any refusal by a coded error: never an answer, and never our own bug. */
const refused = (error: unknown) => isCode('bad-proof')(error) || isCode('over-limit')(error);

test('every flipped bit of a proof is refused', () => {
  for (let bit = 0; bit < 8 * smallProof.length; bit++) {
    const forged = smallProof.slice();
    forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.throws(() => PartialTree.open(forged, small.root), refused, `bit ${bit}`);
  }
});

test('every truncation and every addition is refused', () => {
  for (let length = 0; length < smallProof.length; length++) {
    assert.throws(() => PartialTree.open(smallProof.subarray(0, length), small.root), isCode('bad-proof'));
  }
  assert.throws(() => PartialTree.open(concat(smallProof, Uint8Array.of(0)), small.root), isCode('bad-proof'));
});

test('a proof for another root is refused, be it older, empty or of other contents', () => {
  const tree = PartialTree.load(small.store, [keyAt('1')]);
  tree.set(keyAt('1'), digest('new', 0));
  assert.throws(() => PartialTree.open(smallProof, tree.root()), isCode('bad-proof'));
  assert.throws(() => PartialTree.open(smallProof, emptyRoot), isCode('bad-proof'));
  assert.throws(() => PartialTree.open(proofFor(new MemoryStore(), []), small.root), isCode('bad-proof'));
});

test('a leaf or subtree in another place has another root', () => {
  const two = new Map([
    [hex(keyAt('1')), hex(digest('a', 0))],
    [hex(keyAt('2')), hex(digest('a', 1))],
  ]);
  const swapped = new Map([
    [hex(keyAt('1')), hex(digest('a', 1))],
    [hex(keyAt('2')), hex(digest('a', 0))],
  ]);
  assert.notDeepEqual(computeRoot(sorted(two)), computeRoot(sorted(swapped)));
  const proof = proofFor(storeOf(two).store, [keyAt('1'), keyAt('2')]);
  const [first, second] = [proof.slice(4, 69), proof.slice(69)];
  const root = computeRoot(sorted(two));
  assert.throws(() => PartialTree.open(concat(proof.slice(0, 4), second, first), root), isCode('bad-proof'));

  // The same with closed siblings, which carry no path that a decoder could check: only the hash can notice.
  const closed = proofFor(storeOf(two).store, [keyAt('3')]).slice();
  const forged = concat(closed.slice(0, 4), closed.slice(36), closed.slice(4, 36));
  PartialTree.open(closed, root);
  assert.throws(() => PartialTree.open(forged, root), isCode('bad-proof'));

  // A closed sibling shown one slot further would make its old slot look empty.
  const moved = closed.slice();
  assert.deepEqual([...moved.slice(0, 2)], [0, 0b110]);
  moved[1] = 0b1010;
  assert.throws(() => PartialTree.open(moved, root), isCode('bad-proof'));
});

test('structure that has no business in a proof is refused before anything is hashed', () => {
  const leaf = (at: string) => concat(Uint8Array.of(64), keyAt(at), digest('a', 0));
  const head = (taken: number, opened: number) => Uint8Array.of(taken >> 8, taken & 255, opened >> 8, opened & 255);
  const cases: Record<string, Uint8Array> = {
    'opened slot that is not taken': concat(head(0b10, 0b110), leaf('1'), leaf('2')),
    'leaf in the wrong slot': concat(head(0b10, 0b10), leaf('2')),
    'branch with one child': concat(head(0b10, 0b10), Uint8Array.of(1, 0x10), head(0b1, 0b1), leaf('10')),
    'branch without children': concat(head(0b10, 0b10), Uint8Array.of(1, 0x10), head(0, 0)),
    'branch at the depth of its parent': concat(
      head(0b10, 0b10),
      Uint8Array.of(0),
      head(0b110, 0),
      digest('a', 1),
      digest('a', 2),
    ),
    'branch with a stray nibble': concat(
      head(0b10, 0b10),
      Uint8Array.of(1, 0x11),
      head(0b11, 0),
      digest('a', 1),
      digest('a', 2),
    ),
    'branch elsewhere': concat(head(0b10, 0b10), Uint8Array.of(1, 0x20), head(0b11, 0), digest('a', 1), digest('a', 2)),
    'deeper than a key': concat(head(0b10, 0b10), Uint8Array.of(65), new Uint8Array(65)),
  };
  for (const [name, proof] of Object.entries(cases)) {
    assert.throws(
      () => PartialTree.open(proof, small.root),
      (error: unknown) => isCode('bad-proof')(error) && (error as Error).message === 'not a canonical proof',
      name,
    );
  }
});

test('keys of one proof: the limit, and one over', () => {
  const map = manyLeaves(2_000);
  const { store, root } = storeOf(map);
  const keys = Array.from({ length: proofKeysMax + 1 }, (_, at) => digest('key', at));
  const full = PartialTree.open(proofFor(store, keys.slice(1)), root);
  for (const key of keys.slice(1)) assert.equal(hex(full.get(key) as Uint8Array), map.get(hex(key)));
  assert.throws(() => PartialTree.load(store, keys), isCode('over-limit'));

  // A hand-made proof of 257 opened leaves: grow a covered tree by one.
  const tree = PartialTree.load(store, keys.slice(1));
  const extra = fromHex(
    hex(keys[1] as Uint8Array).slice(0, 63) + (hex(keys[1] as Uint8Array).endsWith('0') ? '1' : '0'),
  );
  tree.set(extra, digest('x', 0));
  assert.throws(() => PartialTree.open(tree.encodeProof(), tree.root()), isCode('over-limit'));
});

test('bytes of one proof: the limit is checked before decoding', () => {
  assert.throws(() => PartialTree.open(new Uint8Array(proofBytesMax + 1), emptyRoot), isCode('over-limit'));
  assert.throws(() => PartialTree.open(new Uint8Array(proofBytesMax), emptyRoot), isCode('bad-proof'));
});

test('a damaged store is noticed, at the latest by its root', () => {
  const { store, root } = storeOf(manyLeaves(300));
  const key = digest('key', 7);
  const paths = [...store.nodes.keys()].filter((path) => {
    const depth = Number.parseInt(path.slice(0, 2), 16);
    return path.slice(2, 2 + depth) === hex(key).slice(0, depth);
  });
  assert.ok(paths.length >= 2);
  for (const path of paths) {
    const good = store.nodes.get(path) as Uint8Array;
    for (const at of [0, 1, 2, 20, good.length - 1]) {
      const bad = good.slice();
      bad[at] = (bad[at] as number) ^ 1;
      store.nodes.set(path, bad);
      try {
        assert.notDeepEqual(PartialTree.load(store, [key]).root(), root);
      } catch (error) {
        if (!isCode('bad-node')(error)) throw error;
      }
    }
    store.nodes.set(path, good);
  }
  store.nodes.delete(paths[0] as string);
  assert.throws(() => PartialTree.load(store, [key]), isCode('bad-node'));
});

test('a proof grows with the logarithm of the tree', () => {
  const mean = (count: number) => {
    const { store } = storeOf(manyLeaves(count));
    const sizes = Array.from({ length: 50 }, (_, at) => proofFor(store, [digest('key', at)]).length);
    return sizes.reduce((a, b) => a + b) / sizes.length;
  };
  const [thousand, sixteenThousand] = [mean(1_000), mean(16_000)];
  assert.ok(thousand > 1_000 && thousand < 1_900, `${thousand}`);
  assert.ok(sixteenThousand - thousand > 350 && sixteenThousand - thousand < 700, `${sixteenThousand}`);
});
