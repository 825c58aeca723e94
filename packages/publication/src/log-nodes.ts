import { equalBytes } from '@coffer/base';
import {
  type Checkpoint,
  consistencyNodes,
  encodeTilePath,
  inclusionNodes,
  type NodeReader,
  proveConsistency,
  proveInclusion,
  readTiles,
  type Subtree,
  type Tile,
  TransparencyError,
  tilesOfSubtrees,
  tileWidth,
  treeNodes,
  treeRoot,
  verifyConsistency,
} from '@coffer/transparency';
import { PublicationError } from './errors.js';
import type { LogReader } from './log-reader.js';

/** One proof that is wanted in a tree of `checkpoint.size` leaves. Sizes and indexes are within it. */
export type WantedProof =
  | { readonly type: 'inclusion'; readonly index: number; readonly size: number }
  | { readonly type: 'consistency'; readonly fromSize: number };

/**
 * The proofs, computed from tiles and checked against the checkpoint: a log that serves a wrong tile must not make us
 * hand out proofs that every client refuses.
 * @throws PublicationError `bad-log`, and what the reader throws.
 */
export async function readProofs(
  reader: Pick<LogReader, 'tile'>,
  checkpoint: Checkpoint,
  wanted: readonly WantedProof[],
): Promise<readonly (readonly Uint8Array[])[]> {
  const subtrees = wanted.flatMap((proof) => [...nodesOf(proof, checkpoint.size)]);
  const read = await fetchNodes(reader, [...subtrees, treeNodes(checkpoint.size)], checkpoint.size);
  return inLog(() => {
    // The whole right edge has to lead to the signed root; then each smaller tree has to be a prefix of that one.
    if (!equalBytes(treeRoot(checkpoint.size, read), checkpoint.root))
      throw new PublicationError('bad-log', 'the tiles lead to another root than the checkpoint');
    return wanted.map((proof) => {
      const size = proof.type === 'inclusion' ? proof.size : proof.fromSize;
      const prefix = proveConsistency(size, checkpoint.size, read);
      if (size > 0) verifyConsistency({ size, root: treeRoot(size, read) }, checkpoint, prefix);
      return proof.type === 'inclusion' ? proveInclusion(proof.index, proof.size, read) : prefix;
    });
  });
}

/** What a proof consists of, and what its own tree does, which is what it is checked by. */
function nodesOf(proof: WantedProof, size: number): readonly Subtree[] {
  const own = proof.type === 'inclusion' ? proof.size : proof.fromSize;
  if (own === 0) return [];
  const inclusion = proof.type === 'inclusion' ? inclusionNodes(proof.index, own) : [];
  return [...inclusion, treeNodes(own), ...consistencyNodes(own, size)];
}

async function fetchNodes(
  reader: Pick<LogReader, 'tile'>,
  subtrees: readonly Subtree[],
  size: number,
): Promise<NodeReader> {
  const tiles = tilesOfSubtrees(subtrees, size);
  const fetched = await Promise.all(
    tiles.map(async (tile) => [encodeTilePath(tile), await fetchTile(reader, tile)] as const),
  );
  return readTiles(size, new Map(fetched));
}

/** A log that has grown may have dropped a partial tile for the full one, which begins with it (tlog-tiles, Partial Tiles). */
async function fetchTile(reader: Pick<LogReader, 'tile'>, tile: Tile): Promise<Uint8Array> {
  try {
    return await reader.tile(encodeTilePath(tile));
  } catch (error) {
    const isGone = error instanceof PublicationError && error.code === 'not-published' && tile.width < tileWidth;
    if (!isGone) throw error;
    const full = await reader.tile(encodeTilePath({ ...tile, width: tileWidth }));
    return full.slice(0, tile.width * 32);
  }
}

/** Runs what decodes and computes with published data, all of whose refusals mean one thing here. */
export function inLog<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof TransparencyError) throw new PublicationError('bad-log', cause.message, { cause });
    throw cause;
  }
}
