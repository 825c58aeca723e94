import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, u32be } from '@coffer/base';
import {
  decodeEntryBundle,
  encodeTilePath,
  leafHash,
  nodeHash,
  type Tile,
  tileWidthIn,
  verifyConsistency,
} from '@coffer/transparency';
import { LogTiles } from '../dist/log/log-tiles.js';
import { GuardedStore } from '../dist/store/guarded-store.js';
import { MemoryStore } from './harness.js';

const leafAt = (i: number): Uint8Array => concat(u32be(i), new Uint8Array(i % 3));

/** Every level of the tree over the first `size` leaves, complete nodes only: a naive oracle. */
function levelsOf(size: number): Uint8Array[][] {
  const levels = [Array.from({ length: size }, (_, i) => leafHash(leafAt(i)))];
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!)
    levels.push(Array.from({ length: below.length >> 1 }, (_, i) => nodeHash(below[2 * i]!, below[2 * i + 1]!)));
  return levels;
}

/** RFC 6962's definition, with the complete subtrees taken from the oracle. */
function rootOf(from: number, to: number): Uint8Array {
  let [level, width] = [0, 1];
  while (2 * width <= to - from) [level, width] = [level + 1, 2 * width];
  if (width === to - from) return levels[level]![from / width]!;
  return nodeHash(rootOf(from, from + width), rootOf(from + width, to));
}

const size = 66_100;
const levels = levelsOf(size);
const memory = new MemoryStore();
const store = new GuardedStore(memory, () => undefined);
const tiles = new LogTiles(store, encodeTilePath);
for (let i = 0; i < size; i++) tiles.append(leafAt(i));

test('every tile, whole and at a sample of widths, is what a naive tree has', () => {
  for (const level of [0, 1, 2]) {
    for (let index = 0; tileWidthIn(size, level, index) > 0; index++) {
      const most = tileWidthIn(size, level, index);
      for (const width of new Set([1, most >> 1, most].filter((each) => each > 0))) {
        const hashes = levels[8 * level]!.slice(256 * index, 256 * index + width);
        assert.deepEqual(tiles.read({ level, index, width }), concat(...hashes), `${level}/${index}.${width}`);
      }
      if (most < 256) assert.equal(tiles.read({ level, index, width: most + 1 }), undefined);
    }
  }
  assert.equal(tiles.read({ level: 3, index: 0, width: 1 }), undefined);
  for (const index of [0, 100, 258]) {
    for (const width of [1, 37, tileWidthIn(size, 'entries', index)]) {
      const bundle = tiles.read({ level: 'entries', index, width })!;
      const entries = Array.from({ length: width }, (_, i) => leafAt(256 * index + i));
      assert.deepEqual(decodeEntryBundle(bundle, width), entries);
    }
  }
});

test('full tiles are written once; nothing is written for the others', () => {
  const full = 258 + 258 + 1;
  assert.deepEqual([memory.files.size, memory.writes], [full, full]);
});

test('consistency proofs from any size lead to both roots', () => {
  for (const oldSize of [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, size - 1, size]) {
    const old = { size: oldSize, root: rootOf(0, oldSize) };
    verifyConsistency(old, { size, root: rootOf(0, size) }, tiles.prove(oldSize, size));
    const middle = Math.max(oldSize, 65_600);
    const between = { size: middle, root: rootOf(0, middle) };
    verifyConsistency(old, between, tiles.prove(oldSize, middle));
  }
  assert.deepEqual(tiles.prove(0, size), []);
});

test('reading the leaves again writes the tiles that are missing, and stops at one that differs', () => {
  const again = (change: (files: Map<string, Uint8Array>) => void) => {
    const copy = memory.copy();
    change(copy.files);
    const log = new LogTiles(new GuardedStore(copy, () => undefined), encodeTilePath);
    for (let i = 0; i < 600; i++) log.append(leafAt(i));
    return copy;
  };
  const path = (tile: Omit<Tile, 'width'>) => encodeTilePath({ ...tile, width: 256 });
  for (const tile of [
    { level: 0, index: 1 },
    { level: 'entries', index: 1 },
  ] as const) {
    const mended = again((files) => files.delete(path(tile)));
    assert.deepEqual(mended.files.get(path(tile)), memory.files.get(path(tile)));
    const differs = /holds something else/;
    assert.throws(() => again((files) => files.set(path(tile), new Uint8Array(8192))), differs);
  }
});
