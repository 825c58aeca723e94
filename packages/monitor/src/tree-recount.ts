import { concat } from '@coffer/base';
import {
  appendLeaf,
  emptyFrontier,
  type Frontier,
  frontierRoot,
  type HashedNode,
  type Tile,
  tileWidth,
} from '@coffer/transparency';

/** A tile as it has to be. */
export interface CountedTile extends Tile {
  readonly level: number;
  readonly bytes: Uint8Array;
}

/**
 * Builds the whole tree again, leaf by leaf, and keeps of it only its right edge: 255 hashes at most of each level of
 * tiles, however long the log is.
 */
export class TreeRecount {
  #frontier: Frontier = emptyFrontier;
  /** Hashes of the tile that is being filled, by level. */
  #levels: (readonly Uint8Array[])[] = [];

  get size(): number {
    return this.#frontier.size;
  }

  get root(): Uint8Array {
    return frontierRoot(this.#frontier);
  }

  /** Leaf hashes of the entry bundle that is not full. */
  get pending(): readonly Uint8Array[] {
    return this.#levels[0] ?? [];
  }

  copy(): TreeRecount {
    const copy = new TreeRecount();
    copy.#frontier = this.#frontier;
    copy.#levels = [...this.#levels];
    return copy;
  }

  /** Appends the leaf with this hash. @returns the tiles that are full by it. */
  append(leaf: Uint8Array): readonly CountedTile[] {
    const { frontier, completed } = appendLeaf(this.#frontier, leaf);
    this.#frontier = frontier;
    const full: CountedTile[] = [];
    // A tile of level L is made of the nodes of level 8 L.
    for (let level = 0; ; level++) {
      const node = completed.find((each: HashedNode) => each.level === 8 * level);
      if (node === undefined) return full;
      const hashes = [...(this.#levels[level] ?? []), node.hash];
      this.#levels[level] = hashes.length === tileWidth ? [] : hashes;
      if (hashes.length === tileWidth)
        full.push({ level, index: Math.floor(node.index / tileWidth), width: tileWidth, bytes: concat(...hashes) });
    }
  }

  /** The tiles at the right edge that are not full. */
  partial(): readonly CountedTile[] {
    return this.#levels.flatMap((hashes, level) => {
      if (hashes.length === 0) return [];
      const index = Math.floor(this.size / tileWidth ** (level + 1));
      return [{ level, index, width: hashes.length, bytes: concat(...hashes) }];
    });
  }
}
