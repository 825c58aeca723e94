import { concat } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { tileWidth } from '../limits.js';
import { hashBytes, nodeHash } from './hashing.js';
import type { NodeReader, Subtree, TreeNode } from './nodes.js';

/** Levels of the tree that one tile holds: 2^8 hashes. */
const tileHeight = 8;

/** A tile, or with `level: 'entries'` a bundle of entries. `width` is 256 unless it is partial. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** `tile/L/N[.p/W]` below the log's prefix (tlog-tiles, Merkle Tree): `tile/0/x001/x234/067.p/12`. */
export function encodeTilePath({ level, index, width }: Tile): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  return `tile/${level}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** The tile of a path; each tile has one path. @throws TransparencyError `bad-tile`. */
export function decodeTilePath(path: string): Tile {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) throw new TransparencyError('bad-tile', 'not a tile path');
  const tile = {
    level: match[1] === 'entries' ? ('entries' as const) : Number(match[1]),
    index: Number((match[2] as string).replaceAll(/[x/]/g, '')),
    width: match[3] === undefined ? tileWidth : Number(match[3]),
  };
  const isInRange = (tile.level === 'entries' || tile.level <= 63) && tile.width >= 1 && tile.width <= tileWidth;
  if (!isInRange || !Number.isSafeInteger(tile.index) || encodeTilePath(tile) !== path)
    throw new TransparencyError('bad-tile', 'a tile path out of range or spelt in another way');
  return tile;
}

/** How wide the tile at `level` and `index` is in a tree of `size` leaves: 0 (not there) to 256 (tlog-tiles, Partial Tiles). */
export function tileWidthIn(size: number, level: number | 'entries', index: number): number {
  const hashes = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** The tile of a tree of `size` leaves that gives this node. */
export function tileOfNode({ level, index }: TreeNode, size: number): Tile {
  const tileLevel = Math.floor(level / tileHeight);
  const tileIndex = Math.floor(index / 2 ** (tileHeight - (level % tileHeight)));
  return { level: tileLevel, index: tileIndex, width: tileWidthIn(size, tileLevel, tileIndex) };
}

/** The tiles that these subtrees need, each once, in a tree of `size` leaves. */
export function tilesOfSubtrees(subtrees: readonly Subtree[], size: number): readonly Tile[] {
  const tiles = subtrees.flat().map((node) => tileOfNode(node, size));
  return [...new Map(tiles.map((tile) => [encodeTilePath(tile), tile])).values()];
}

/** The bytes of a tile, from the store of nodes that a log keeps. */
export function encodeTile({ level, index, width }: Tile & { readonly level: number }, read: NodeReader): Uint8Array {
  const first = index * tileWidth;
  return concat(...Array.from({ length: width }, (_, i) => read({ level: level * tileHeight, index: first + i })));
}

/**
 * Reads nodes out of fetched tiles. It believes them: only a root computed from the result, compared with a checkpoint's,
 * says whether they are the log's.
 * @param fetched - bytes by path, as `tilesOfSubtrees` and {@link encodeTilePath} name them.
 * @returns a reader for a tree of `size` leaves. It throws TransparencyError `bad-tile` for a tile that is missing or has
 *   another length than its width says.
 */
export function readTiles(size: number, fetched: ReadonlyMap<string, Uint8Array>): NodeReader {
  return (node) => {
    const tile = tileOfNode(node, size);
    const bytes = fetched.get(encodeTilePath(tile));
    if (bytes === undefined || bytes.length !== tile.width * hashBytes)
      throw new TransparencyError('bad-tile', 'a tile is missing or has the wrong length');
    const height = node.level % tileHeight;
    const at = node.index * 2 ** height - tile.index * tileWidth;
    if (at + 2 ** height > tile.width) throw new TransparencyError('bad-tile', 'not in this tree');
    return pairUp(
      Array.from({ length: 2 ** height }, (_, i) => bytes.slice((at + i) * hashBytes, (at + i + 1) * hashBytes)),
    );
  };
}

/** The hash over 2^k hashes. */
function pairUp(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  const middle = hashes.length / 2;
  return nodeHash(pairUp(hashes.slice(0, middle)), pairUp(hashes.slice(middle)));
}
