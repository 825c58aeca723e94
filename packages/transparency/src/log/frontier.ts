import { invariant } from '@coffer/base';
import { hashBytes, nodeHash } from './hashing.js';
import { foldHashes, type TreeNode, treeNodes } from './nodes.js';

/**
 * The right edge of a log: all that appending needs, at most 53 hashes however long the log is.
 * `hashes` are those of `treeNodes(size)`.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

/** A complete subtree and its hash. */
export interface HashedNode extends TreeNode {
  readonly hash: Uint8Array;
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** Root of the tree with this edge. */
export const frontierRoot = ({ hashes }: Frontier): Uint8Array => foldHashes(hashes);

/**
 * Appends the leaf with this hash.
 * @returns the new edge, and every subtree that is complete by it, smallest first and beginning with the leaf: exactly
 *   what a store of nodes has to add.
 */
export function appendLeaf(
  frontier: Frontier,
  leaf: Uint8Array,
): { readonly frontier: Frontier; readonly completed: readonly HashedNode[] } {
  invariant(leaf.length === hashBytes, 'a leaf hash is 32 bytes');
  invariant(frontier.hashes.length === treeNodes(frontier.size).length, 'a frontier fits its size');
  const hashes = [...frontier.hashes];
  let node: HashedNode = { level: 0, index: frontier.size, hash: leaf };
  const completed = [node];
  while (node.index % 2 === 1) {
    const left = hashes.pop() as Uint8Array;
    node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(left, node.hash) };
    completed.push(node);
  }
  hashes.push(node.hash);
  return { frontier: { size: frontier.size + 1, hashes }, completed };
}
