import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { concat, equalBytes, hex } from '@coffer/base';
import {
  appendLeaf,
  consistencyNodes,
  decodeEntryBundle,
  decodeTilePath,
  emptyFrontier,
  encodeEntryBundle,
  encodeTile,
  encodeTilePath,
  entryBytesMax,
  type Frontier,
  frontierRoot,
  inclusionNodes,
  leafHash,
  type NodeReader,
  proofHashesMax,
  proveConsistency,
  proveInclusion,
  readTiles,
  tilesOfSubtrees,
  tileWidthIn,
  treeRoot,
  treeSizeMax,
  verifyConsistency,
  verifyInclusion,
} from '@coffer/transparency';
import fc from 'fast-check';
import { coded } from './files.js';

const entry = (i: number): Uint8Array => new TextEncoder().encode(`entry ${i}`);
const leaves = Array.from({ length: 300 }, (_, i) => leafHash(entry(i)));

/** RFC 6962 §2.1 as it is written, over node:crypto. */
const sha = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(concat(...parts))
      .digest(),
  );
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha();
  if (hashes.length === 1) return hashes[0]!;
  const k = split(hashes.length);
  return sha(Uint8Array.of(1), naiveRoot(hashes.slice(0, k)), naiveRoot(hashes.slice(k)));
}
function naivePath(m: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length === 1) return [];
  const k = split(hashes.length);
  return m < k
    ? [...naivePath(m, hashes.slice(0, k)), naiveRoot(hashes.slice(k))]
    : [...naivePath(m - k, hashes.slice(k)), naiveRoot(hashes.slice(0, k))];
}
function naiveProof(m: number, hashes: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (m === hashes.length) return isWhole ? [] : [naiveRoot(hashes)];
  const k = split(hashes.length);
  return m <= k
    ? [...naiveProof(m, hashes.slice(0, k), isWhole), naiveRoot(hashes.slice(k))]
    : [...naiveProof(m - k, hashes.slice(k), false), naiveRoot(hashes.slice(0, k))];
}

function logOf(count: number): { frontier: Frontier; read: NodeReader } {
  const nodes = new Map<string, Uint8Array>();
  let frontier = emptyFrontier;
  for (let i = 0; i < count; i++) {
    const step = appendLeaf(frontier, leaves[i] ?? leafHash(entry(i)));
    frontier = step.frontier;
    for (const { level, index, hash } of step.completed) nodes.set(`${level}/${index}`, hash);
  }
  const read: NodeReader = ({ level, index }) => nodes.get(`${level}/${index}`) ?? assert.fail('no such node');
  return { frontier, read };
}

const { read } = logOf(300);
const headOf = (size: number) => ({ size, root: treeRoot(size, read) });
const size = fc.integer({ min: 1, max: 300 });

test('roots, edges and proofs are those of RFC 6962, for every small size', () => {
  let frontier = emptyFrontier;
  for (let n = 0; n <= 40; n++) {
    const root = naiveRoot(leaves.slice(0, n));
    assert.deepEqual(treeRoot(n, read), root);
    assert.deepEqual(frontierRoot(frontier), root);
    for (let m = 0; m < n; m++) {
      const path = proveInclusion(m, n, read);
      assert.deepEqual(path, naivePath(m, leaves.slice(0, n)));
      verifyInclusion(m, leaves[m]!, path, { size: n, root });
    }
    for (let m = 1; m <= n; m++) {
      const proof = proveConsistency(m, n, read);
      assert.deepEqual(proof, naiveProof(m, leaves.slice(0, n), true));
      verifyConsistency(headOf(m), { size: n, root }, proof);
    }
    ({ frontier } = appendLeaf(frontier, leaves[n]!));
  }
});

test('a proof holds for its own leaf, place, size and root alone', () => {
  fc.assert(
    fc.property(size, size, size, fc.integer({ min: 0, max: 299 }), (a, b, other, wrong) => {
      const [n, m] = [Math.max(a, b), Math.min(a, b) - 1];
      const path = proveInclusion(m, n, read);
      verifyInclusion(m, leaves[m]!, path, headOf(n));
      if (wrong !== m) assert.throws(() => verifyInclusion(wrong, leaves[m]!, path, headOf(n)), coded('not-included'));
      if (wrong !== m) assert.throws(() => verifyInclusion(m, leaves[wrong]!, path, headOf(n)), coded('not-included'));
      if (other !== n) assert.throws(() => verifyInclusion(m, leaves[m]!, path, headOf(other)), coded('not-included'));
      for (const bad of [path.slice(1), [...path, leaves[0]!], path.map((hash) => hash.subarray(1))])
        if (bad.length !== path.length || path.length > 0)
          assert.throws(() => verifyInclusion(m, leaves[m]!, bad, headOf(n)), coded('not-included'));
    }),
    { numRuns: 500 },
  );
});

test('a consistency proof holds for its own two trees alone', () => {
  fc.assert(
    fc.property(size, size, size, fc.nat(), (a, b, other, where) => {
      const [m, n] = [Math.min(a, b), Math.max(a, b)];
      const proof = proveConsistency(m, n, read);
      verifyConsistency(headOf(m), headOf(n), proof);
      if (other !== m && other <= n)
        assert.throws(() => verifyConsistency(headOf(other), headOf(n), proof), coded('inconsistent'));
      if (proof.length > 0) {
        const changed = proof.map((hash, i) => (i === where % proof.length ? leaves[0]! : hash));
        if (!changed.every((hash, i) => equalBytes(hash, proof[i]!)))
          assert.throws(() => verifyConsistency(headOf(m), headOf(n), changed), coded('inconsistent'));
        assert.throws(() => verifyConsistency(headOf(m), headOf(n), proof.slice(1)), coded('inconsistent'));
      }
      assert.throws(() => verifyConsistency(headOf(m), headOf(n), [...proof, leaves[0]!]), coded('inconsistent'));
      if (m < n) assert.throws(() => verifyConsistency(headOf(n), headOf(m), []), coded('inconsistent'));
    }),
    { numRuns: 500 },
  );
});

test('two histories are never consistent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 64 }), fc.nat(), (a, b, where) => {
      const [m, n] = [Math.min(a, b), Math.max(a, b)];
      const changed = where % m;
      const other = naiveRoot(leaves.slice(0, m).map((hash, i) => (i === changed ? sha(hash) : hash)));
      const proof = proveConsistency(m, n, read);
      assert.throws(() => verifyConsistency({ size: m, root: other }, headOf(n), proof), coded('inconsistent'));
    }),
  );
});

test('nothing is proven about an empty tree, a place outside, or a proof over its limit', () => {
  const head = headOf(3);
  assert.throws(() => verifyConsistency({ size: 0, root: head.root }, head, []), coded('inconsistent'));
  for (const index of [3, -1, 0.5, Number.NaN, treeSizeMax + 1])
    assert.throws(() => verifyInclusion(index, leaves[0]!, [], head), coded('not-included'));
  const long = Array.from({ length: proofHashesMax + 1 }, () => leaves[0]!);
  assert.throws(
    () => verifyInclusion(0, leaves[0]!, long, { size: treeSizeMax, root: head.root }),
    coded('not-included'),
  );
  assert.deepEqual(proveConsistency(0, 3, read), []);
});

test('sizes at the limit of what a number counts exactly', () => {
  const nodes = inclusionNodes(treeSizeMax - 1, treeSizeMax);
  assert.equal(nodes.length, 52);
  const level = (at: { level: number; index: number }) => sha(new TextEncoder().encode(`${at.level}/${at.index}`));
  const top = treeSizeMax;
  const path = proveInclusion(top - 1, top, level);
  const root = treeRoot(top, level);
  verifyInclusion(top - 1, level({ level: 0, index: top - 1 }), path, { size: top, root });
  assert.throws(
    () => verifyInclusion(top - 2, level({ level: 0, index: top - 1 }), path, { size: top, root }),
    coded('not-included'),
  );
  assert.ok(consistencyNodes(2 ** 52 + 1, top).length <= proofHashesMax);
});

test('appending keeps an edge of a few hashes, however long the log', () => {
  const { frontier, read } = logOf(10_000);
  assert.equal(frontier.hashes.length, 5);
  assert.deepEqual(frontierRoot(frontier), treeRoot(10_000, read));
});

test('tile paths of the specification, both ways, each in one spelling', () => {
  for (const [level, index, width, path] of [
    [0, 1234067, 256, 'tile/0/x001/x234/067'],
    [0, 273, 112, 'tile/0/273.p/112'],
    [1, 0, 256, 'tile/1/000'],
    [2, 0, 1, 'tile/2/000.p/1'],
    [63, 999, 255, 'tile/63/999.p/255'],
    ['entries', 1000, 3, 'tile/entries/x001/000.p/3'],
    ['entries', 0, 256, 'tile/entries/000'],
  ] as const) {
    assert.equal(encodeTilePath({ level, index, width }), path);
    assert.deepEqual(decodeTilePath(path), { level, index, width });
  }
  for (const path of [
    'tile/64/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    '/tile/0/000',
    'tile/0/000/',
    'tile/-1/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/data/000',
    '',
  ])
    assert.throws(() => decodeTilePath(path), coded('bad-tile'), path);
});

test('a tree of 70,000 leaves has the tiles that the specification counts', () => {
  const widths = (level: number) => {
    const found: number[] = [];
    for (let i = 0; tileWidthIn(70_000, level, i) > 0; i++) found.push(tileWidthIn(70_000, level, i));
    return { full: found.filter((width) => width === 256).length, partial: found.filter((width) => width < 256) };
  };
  assert.deepEqual(widths(0), { full: 273, partial: [112] });
  assert.deepEqual(widths(1), { full: 1, partial: [17] });
  assert.deepEqual(widths(2), { full: 0, partial: [1] });
  assert.deepEqual(widths(3), { full: 0, partial: [] });
  assert.equal(tileWidthIn(256, 0, 0), 256);
  assert.equal(tileWidthIn(256, 1, 0), 1);
});

test('every proof of a large log can be read out of its tiles', () => {
  const total = 70_000;
  const { read } = logOf(total);
  const root = treeRoot(total, read);
  for (const index of [0, 1, 255, 256, 65_535, 65_536, 69_888, 69_999]) {
    const tiles = tilesOfSubtrees(inclusionNodes(index, total), total);
    assert.ok(tiles.length <= 6);
    const fetched = new Map(tiles.map((tile) => [encodeTilePath(tile), encodeTile(tile as never, read)]));
    const path = proveInclusion(index, total, readTiles(total, fetched));
    assert.deepEqual(path, proveInclusion(index, total, read));
    verifyInclusion(index, leafHash(entry(index)), path, { size: total, root });
  }
  for (const earlier of [1, 256, 300, 65_536, 65_537, 69_999]) {
    const tiles = tilesOfSubtrees(consistencyNodes(earlier, total), total);
    const fetched = new Map(tiles.map((tile) => [encodeTilePath(tile), encodeTile(tile as never, read)]));
    const proof = proveConsistency(earlier, total, readTiles(total, fetched));
    verifyConsistency({ size: earlier, root: treeRoot(earlier, read) }, { size: total, root }, proof);
    const short = new Map([...fetched].map(([path, bytes]) => [path, bytes.subarray(32)]));
    assert.throws(() => proveConsistency(earlier, total, readTiles(total, short)), coded('bad-tile'));
    assert.throws(() => proveConsistency(earlier, total, readTiles(total, new Map())), coded('bad-tile'));
  }
  assert.throws(
    () => readTiles(1, new Map([['tile/0/000.p/1', leaves[0]!]]))({ level: 0, index: 1 }),
    coded('bad-tile'),
  );
});

test('entry bundles, with entries at the limits', () => {
  const entries = [new Uint8Array(0), entry(1), new Uint8Array(entryBytesMax).fill(7)];
  const bundle = encodeEntryBundle(entries);
  assert.equal(hex(bundle.subarray(0, 4)), '00000007');
  assert.deepEqual(decodeEntryBundle(bundle, 3), entries);
  for (const width of [2, 4]) assert.throws(() => decodeEntryBundle(bundle, width), coded('bad-tile'));
  for (const cut of [1, 2, 3]) assert.throws(() => decodeEntryBundle(bundle.subarray(0, -cut), 3), coded('bad-tile'));
  assert.throws(() => decodeEntryBundle(Uint8Array.of(0, 0, 0), 2), coded('bad-tile'));
  assert.throws(() => encodeEntryBundle([new Uint8Array(entryBytesMax + 1)]), coded('bad-tile'));
  assert.throws(() => encodeEntryBundle([]), coded('bad-tile'));
  const full = Array.from({ length: 256 }, () => entry(0));
  assert.equal(decodeEntryBundle(encodeEntryBundle(full), 256).length, 256);
  assert.throws(() => encodeEntryBundle([...full, entry(0)]), coded('bad-tile'));
});
