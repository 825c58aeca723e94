import { invariant } from '@coffer/base';
import { emptyTreeRoot, nodeHash } from './hashing.js';
import { isTreeSize } from './proofs.js';

/** A complete subtree: leaves `index · 2^level` up to, not including, `(index + 1) · 2^level`. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** Gives the 32-byte hash of a complete subtree. What it throws passes through. */
export type NodeReader = (node: TreeNode) => Uint8Array;

/** One subtree of RFC 6962, complete or not: the complete ones that it is made of, left to right. Never empty. */
export type Subtree = readonly TreeNode[];

/** The largest power of two smaller than `size`, which is at least 2: where RFC 6962 splits a tree. */
function splitOf(size: number): number {
  let k = 1;
  while (2 * k < size) k *= 2;
  return k;
}

/** The complete subtrees that make up leaves `from` to `to`; `from` is where a subtree of that size may start. */
function subtree(from: number, to: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    let width = 1;
    while (at % (2 * width) === 0 && at + 2 * width <= to) [level, width] = [level + 1, 2 * width];
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The whole tree of `size` leaves, empty for none. */
export function treeNodes(size: number): Subtree {
  invariant(isTreeSize(size), 'tree size');
  return subtree(0, size);
}

/** What an inclusion proof of the leaf at `index` consists of, leaf's sibling first (RFC 6962 §2.1.1). */
export function inclusionNodes(index: number, size: number): readonly Subtree[] {
  invariant(isTreeSize(size) && isTreeSize(index) && index < size, 'index within the tree');
  const siblings: Subtree[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      siblings.unshift(subtree(middle, to));
      to = middle;
    } else {
      siblings.unshift(subtree(from, middle));
      from = middle;
    }
  }
  return siblings;
}

/** What a consistency proof from `earlierSize`, at least 1, to `laterSize` consists of (RFC 6962 §2.1.2). */
export function consistencyNodes(earlierSize: number, laterSize: number): readonly Subtree[] {
  invariant(isTreeSize(laterSize) && earlierSize >= 1 && earlierSize <= laterSize, 'sizes in order');
  const parts: Subtree[] = [];
  let [from, to] = [0, laterSize];
  while (earlierSize !== to) {
    const middle = from + splitOf(to - from);
    if (earlierSize <= middle) {
      parts.unshift(subtree(middle, to));
      to = middle;
    } else {
      parts.unshift(subtree(from, middle));
      from = middle;
    }
  }
  // The earlier tree itself is known to whoever asks; only a subtree that begins further right is not.
  if (from > 0) parts.unshift(subtree(from, to));
  return parts;
}

/** Hash of one subtree: its complete parts, folded from the right (RFC 6962 §2.1). */
export function subtreeHash(parts: Subtree, read: NodeReader): Uint8Array {
  return foldHashes(parts.map(read));
}

/** Folds hashes of complete subtrees, largest first, into the hash of them all; nothing folds to the empty root. */
export function foldHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.length === 0 ? emptyTreeRoot() : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Root of the first `size` leaves. */
export const treeRoot = (size: number, read: NodeReader): Uint8Array => subtreeHash(treeNodes(size), read);

/** Proof that the leaf at `index` is in the tree of `size` leaves; see `verifyInclusion`. */
export const proveInclusion = (index: number, size: number, read: NodeReader): readonly Uint8Array[] =>
  inclusionNodes(index, size).map((parts) => subtreeHash(parts, read));

/** Proof that the tree of `laterSize` leaves begins with that of `earlierSize`, which may be 0; see `verifyConsistency`. */
export const proveConsistency = (earlierSize: number, laterSize: number, read: NodeReader): readonly Uint8Array[] =>
  earlierSize === 0 ? [] : consistencyNodes(earlierSize, laterSize).map((parts) => subtreeHash(parts, read));
