import { concat } from '@coffer/base';
import {
  appendLeaf,
  consistencyNodes,
  emptyFrontier,
  encodeEntryBundle,
  encodeTilePath,
  type Frontier,
  frontierRoot,
  hashBytes,
  leafHash,
  proveConsistency,
  readTiles,
  type Tile,
  tilesOfSubtrees,
  tileWidth,
} from '@coffer/transparency';
import { AuditorError } from '../errors.js';
import type { GuardedStore } from '../store/guarded-store.js';

/** Levels of the tree that one tile holds. */
const tileHeight = 8;

/**
 * The log as tiles. All of it follows from the leaves, which are the truth: full tiles are written once, when they are
 * complete, and again when they are missing; what is there already has to be the same. In memory are the right edge and
 * the tiles that are not yet full, whatever the size.
 */
export class LogTiles {
  readonly #store: GuardedStore;
  readonly #nameOf: (tile: Tile) => string;
  #frontier: Frontier = emptyFrontier;
  /** Hashes of the tile that is not yet full, by level of tiles. */
  readonly #hashes: Uint8Array[][] = [];
  /** Entries of the bundle that is not yet full. */
  #entries: Uint8Array[] = [];

  constructor(store: GuardedStore, nameOf: (tile: Tile) => string) {
    this.#store = store;
    this.#nameOf = nameOf;
  }

  get size(): number {
    return this.#frontier.size;
  }

  /** Root of all leaves. */
  root(): Uint8Array {
    return frontierRoot(this.#frontier);
  }

  /** Takes the next leaf, which is stored already. @throws AuditorError `log-damaged` for a tile that says otherwise. */
  append(leaf: Uint8Array): void {
    const index = Math.floor(this.size / tileWidth);
    const { frontier, completed } = appendLeaf(this.#frontier, leafHash(leaf));
    this.#frontier = frontier;
    this.#entries.push(leaf);
    if (this.#entries.length === tileWidth) {
      this.#write({ level: 'entries', index, width: tileWidth }, encodeEntryBundle(this.#entries));
      this.#entries = [];
    }
    for (const { level, index, hash } of completed)
      if (level % tileHeight === 0) this.#push(level / tileHeight, index, hash);
  }

  /**
   * Bytes of a tile or entry bundle, whole or partial; undefined when the log has not come that far.
   * @throws AuditorError `log-damaged` when the store has lost it.
   */
  read({ level, index, width }: Tile): Uint8Array | undefined {
    const count = level === 'entries' ? this.size : Math.floor(this.size / tileWidth ** level);
    if (index * tileWidth + width > count) return undefined;
    const isFull = (index + 1) * tileWidth <= count;
    if (level === 'entries') {
      if (!isFull) return encodeEntryBundle(this.#entries.slice(0, width));
      return firstEntries(this.#full({ level, index, width: tileWidth }), width);
    }
    if (!isFull) return concat(...(this.#hashes[level] as Uint8Array[]).slice(0, width));
    return this.#full({ level, index, width: tileWidth }).slice(0, width * hashBytes);
  }

  /** Consistency proof between two sizes up to this one's. */
  prove(oldSize: number, size: number): readonly Uint8Array[] {
    if (oldSize === 0) return [];
    const tiles = tilesOfSubtrees(consistencyNodes(oldSize, size), size);
    const fetched = new Map(tiles.map((tile) => [encodeTilePath(tile), this.#needed(tile)]));
    return proveConsistency(oldSize, size, readTiles(size, fetched));
  }

  #push(level: number, index: number, hash: Uint8Array): void {
    this.#hashes[level] ??= [];
    const hashes = this.#hashes[level];
    hashes.push(hash);
    if (hashes.length < tileWidth) return;
    this.#write({ level, index: Math.floor(index / tileWidth), width: tileWidth }, concat(...hashes));
    this.#hashes[level] = [];
  }

  #write(tile: Tile, bytes: Uint8Array): void {
    this.#store.writeDerived(this.#nameOf(tile), bytes);
  }

  #full(tile: Tile): Uint8Array {
    const bytes = this.#store.read(this.#nameOf(tile));
    if (bytes === undefined) throw new AuditorError('log-damaged', 'a tile is gone');
    return bytes;
  }

  #needed(tile: Tile): Uint8Array {
    const bytes = this.read(tile);
    if (bytes === undefined) throw new AuditorError('log-damaged', 'a tile is not there');
    return bytes;
  }
}

/** The first `width` entries of a full bundle. */
function firstEntries(bundle: Uint8Array, width: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < width; i++) at += 2 + (((bundle[at] as number) << 8) | (bundle[at + 1] as number));
  return bundle.slice(0, at);
}
