import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { utf8 } from '@coffer/base';
import {
  type Checkpoint,
  decodeEntryBundle,
  decodeProofFile,
  decodeVerifierKey,
  encodeEntryBundle,
  encodeTile,
  encodeTilePath,
  encodeVerifierKey,
  leafHash,
  openCheckpoint,
  parseHash,
  parseSize,
  proveConsistency,
  proveInclusion,
  readTiles,
  type Tile,
  tileWidthIn,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '@coffer/transparency';
import type { Random } from './random.js';
import { World } from './world.js';

/** Every tile, or with `entries` every entry bundle, of a tree of `size` leaves. */
function tilesOf(size: number, kind: 'hashes' | 'entries'): Tile[] {
  const tiles: Tile[] = [];
  for (const level of kind === 'entries' ? (['entries'] as const) : [0, 1, 2, 3]) {
    for (let index = 0; tileWidthIn(size, level, index) > 0; index++)
      tiles.push({ level, index, width: tileWidthIn(size, level, index) });
  }
  return tiles;
}

/** Writes a log of random entries in the layout of test/oracles/go/logdir.go. @param sizes - ascending. */
export function writeLogFolder(folder: string, sizes: readonly number[], random: Random): void {
  const world = new World();
  const write = (path: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (const directory of ['inclusion', 'consistency']) mkdirSync(join(folder, directory), { recursive: true });
  write('keys', utf8([world.log, ...world.witnesses].map((key) => `${encodeVerifierKey(key)}\n`).join('')));
  for (const [i, size] of sizes.entries()) {
    while (world.size < size)
      world.logLeaf(new Uint8Array(0), random.bytes(random.below(40) === 0 ? 0xffff : random.below(80)));
    const note = world.checkpoint(
      size,
      world.witnesses.map(() => 1000 * random.below(2 ** 32)),
    );
    write(`checkpoints/${size}`, note);
    for (const tile of tilesOf(size, 'hashes'))
      write(encodeTilePath(tile), encodeTile(tile as Tile & { level: number }, world.read));
    for (const tile of tilesOf(size, 'entries')) {
      const entries = world.leaves.slice(tile.index * 256, tile.index * 256 + tile.width);
      write(encodeTilePath(tile), encodeEntryBundle(entries));
    }
    for (let n = 0; n < 8 && size > 0; n++) {
      const epoch = 1 + random.below(size);
      write(`inclusion/${epoch - 1}-${size}.tlog-proof`, world.epochPart(epoch, note, size).proof);
    }
    for (const earlier of sizes.slice(0, i)) {
      const hashes = proveConsistency(earlier, size, world.read);
      write(
        `consistency/${earlier}-${size}`,
        utf8(hashes.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')),
      );
    }
  }
}

/** Checks such a folder, whoever wrote it. @returns how much of what was checked. */
export function checkLogFolder(folder: string) {
  const read = (path: string) => Uint8Array.from(readFileSync(join(folder, path)));
  const keys = Buffer.from(read('keys')).toString().trimEnd().split('\n').map(decodeVerifierKey);
  const policy = {
    logs: keys.filter(({ use }) => use === 'log').map((key) => ({ key })),
    witnesses: keys.filter(({ use }) => use === 'witness').map((key) => ({ name: key.name, key })),
  };
  const open = (note: Uint8Array): Checkpoint => {
    const { checkpoint, cosignedMs } = openCheckpoint(note, policy);
    assert.equal(cosignedMs.size, policy.witnesses.length);
    return checkpoint;
  };
  const heads = new Map<number, Checkpoint>();
  for (const name of readdirSync(join(folder, 'checkpoints'))) {
    const checkpoint = open(read(`checkpoints/${name}`));
    assert.equal(name, String(checkpoint.size));
    heads.set(checkpoint.size, checkpoint);
  }
  const nodesOf = (size: number) => {
    const paths = tilesOf(size, 'hashes').map(encodeTilePath);
    return readTiles(size, new Map(paths.map((path) => [path, read(path)])));
  };
  const entries: Uint8Array[] = [];
  for (const [size, head] of heads) {
    const nodes = nodesOf(size);
    assert.deepEqual(treeRoot(size, nodes), head.root);
    for (const tile of tilesOf(size, 'entries')) {
      for (const [i, entry] of decodeEntryBundle(read(encodeTilePath(tile)), tile.width).entries()) {
        const index = tile.index * 256 + i;
        assert.deepEqual(nodes({ level: 0, index }), leafHash(entry));
        entries[index] = entry;
      }
    }
  }
  const inclusion = readdirSync(join(folder, 'inclusion'));
  for (const name of inclusion) {
    const { index, hashes, checkpoint } = decodeProofFile(read(`inclusion/${name}`));
    const head = open(checkpoint);
    assert.equal(name, `${index}-${head.size}.tlog-proof`);
    verifyInclusion(index, leafHash(entries[index]!), hashes, head);
    assert.deepEqual(hashes, proveInclusion(index, head.size, nodesOf(head.size)));
  }
  const consistency = readdirSync(join(folder, 'consistency'));
  for (const name of consistency) {
    const [from, to] = name.split('-').map((size) => heads.get(parseSize(size)!)!) as [Checkpoint, Checkpoint];
    const lines = Buffer.from(read(`consistency/${name}`))
      .toString()
      .split('\n')
      .slice(0, -1);
    const hashes = lines.map((line) => parseHash(line)!);
    verifyConsistency(from, to, hashes);
    assert.deepEqual(hashes, proveConsistency(from.size, to.size, nodesOf(to.size)));
  }
  return {
    Checkpoints: heads.size,
    Entries: entries.length,
    Inclusion: inclusion.length,
    Consistency: consistency.length,
  };
}

/** Paths of all files below a folder. */
export const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, path, name }) => join(parentPath ?? path, name))
    .sort();
