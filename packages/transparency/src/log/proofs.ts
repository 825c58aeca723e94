import { equalBytes } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { proofHashesMax, treeSizeMax } from '../limits.js';
import { hashBytes, nodeHash } from './hashing.js';

/** A tree: how many leaves, and its 32-byte root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

// Sizes go up to 2^53, where JavaScript's shifts do not reach.
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/** Whether `value` is a size or a position of a log. */
export const isTreeSize = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= treeSizeMax;

function isProof(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= proofHashesMax && hashes.every(({ length }) => length === hashBytes);
}

/** The root that an inclusion proof leads to, or undefined when it cannot be a proof of that leaf in that tree. */
function inclusionRoot(index: number, size: number, leaf: Uint8Array, proof: readonly Uint8Array[]) {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size || !isProof(proof)) return undefined;
  let fn = index;
  let sn = size - 1;
  let root = leaf;
  for (const hash of proof) {
    if (sn === 0) return undefined;
    if (isOdd(fn) || fn === sn) {
      root = nodeHash(hash, root);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      root = nodeHash(root, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? root : undefined;
}

/**
 * Checks that the leaf with this hash is at `index` of `tree` (RFC 9162 §2.1.3.2).
 * @param proof - sibling hashes, from the leaf's upwards (RFC 6962 §2.1.1).
 * @throws TransparencyError `not-included`.
 */
export function verifyInclusion(index: number, leaf: Uint8Array, proof: readonly Uint8Array[], tree: TreeHead): void {
  const root = inclusionRoot(index, tree.size, leaf, proof);
  if (root === undefined || !equalBytes(root, tree.root))
    throw new TransparencyError('not-included', 'the inclusion proof does not lead to the root');
}

/**
 * Checks that `later` begins with the leaves of `earlier` (RFC 9162 §2.1.4.2). The same tree again takes an empty proof. An
 * empty earlier tree is refused with any proof: it is a prefix of everything, so there is nothing to verify.
 * @throws TransparencyError `inconsistent`.
 */
export function verifyConsistency(earlier: TreeHead, later: TreeHead, proof: readonly Uint8Array[]): void {
  const roots = consistencyRoots(earlier, later.size, proof);
  if (roots === undefined || !equalBytes(roots.earlier, earlier.root) || !equalBytes(roots.later, later.root))
    throw new TransparencyError('inconsistent', 'the consistency proof does not lead to both roots');
}

/**
 * The two roots that a consistency proof leads to, or undefined when it cannot be one between these sizes. Where the
 * later one is right, the earlier one is the only root that the later tree's first leaves can have.
 */
export function consistencyRoots(
  earlier: TreeHead,
  laterSize: number,
  proof: readonly Uint8Array[],
): { readonly earlier: Uint8Array; readonly later: Uint8Array } | undefined {
  const { size, root } = earlier;
  if (!isTreeSize(size) || !isTreeSize(laterSize) || size > laterSize || size === 0 || !isProof(proof))
    return undefined;
  if (size === laterSize) return proof.length === 0 ? { earlier: root, later: root } : undefined;
  let fn = size - 1;
  let sn = laterSize - 1;
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  // A size that is a power of two is one whole subtree of the later tree: its root is known and not in the proof.
  const [seed, ...rest] = fn === 0 ? [root, ...proof] : proof;
  if (seed === undefined) return undefined;
  let first = seed;
  let second = seed;
  for (const hash of rest) {
    if (sn === 0) return undefined;
    if (isOdd(fn) || fn === sn) {
      first = nodeHash(hash, first);
      second = nodeHash(hash, second);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      second = nodeHash(second, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? { earlier: first, later: second } : undefined;
}
