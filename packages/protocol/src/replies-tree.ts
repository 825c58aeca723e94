import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

const leafTag = Uint8Array.of(0);
const nodeTag = Uint8Array.of(1);

/** Merkle tree hash (RFC 6962 §2.1) over the sealed replies of one entry, in batch order. At least one reply. */
export function repliesRoot(replies: readonly Uint8Array[]): Uint8Array {
  if (replies.length === 1) return sha256(leafTag, replies[0] as Uint8Array);
  const left = leftHalf(replies.length);
  return sha256(nodeTag, repliesRoot(replies.slice(0, left)), repliesRoot(replies.slice(left)));
}

/** Sibling hashes from the reply at `at` up to the root (RFC 6962 §2.1.1). */
export function replyPath(replies: readonly Uint8Array[], at: number): Uint8Array[] {
  if (replies.length === 1) return [];
  const left = leftHalf(replies.length);
  return at < left
    ? [...replyPath(replies.slice(0, left), at), repliesRoot(replies.slice(left))]
    : [...replyPath(replies.slice(left), at - left), repliesRoot(replies.slice(0, left))];
}

/** {@link replyPath} of every reply, with each hash computed once. */
export function replyPaths(replies: readonly Uint8Array[]): Uint8Array[][] {
  return withPaths(replies).paths;
}

function withPaths(replies: readonly Uint8Array[]): { readonly root: Uint8Array; readonly paths: Uint8Array[][] } {
  if (replies.length === 1) return { root: repliesRoot(replies), paths: [[]] };
  const middle = leftHalf(replies.length);
  const left = withPaths(replies.slice(0, middle));
  const right = withPaths(replies.slice(middle));
  const paths = [
    ...left.paths.map((path) => [...path, right.root]),
    ...right.paths.map((path) => [...path, left.root]),
  ];
  return { root: sha256(nodeTag, left.root, right.root), paths };
}

/** Whether `reply` is number `at` of `count` replies under `root`. */
export function isReplyUnder(
  root: Uint8Array,
  reply: Uint8Array,
  at: number,
  count: number,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isInteger(at) || at < 0 || at >= count) return false;
  const climb = (index: number, size: number, depth: number): Uint8Array | undefined => {
    if (size === 1) return depth === 0 ? sha256(leafTag, reply) : undefined;
    const sibling = path[depth - 1];
    if (sibling === undefined) return undefined;
    const left = leftHalf(size);
    const below = index < left ? climb(index, left, depth - 1) : climb(index - left, size - left, depth - 1);
    if (below === undefined) return undefined;
    return index < left ? sha256(nodeTag, below, sibling) : sha256(nodeTag, sibling, below);
  };
  const computed = climb(at, count, path.length);
  return computed !== undefined && equalBytes(computed, root);
}

/** The largest power of two below `size`, for `size` of at least 2. */
function leftHalf(size: number): number {
  return 2 ** (31 - Math.clz32(size - 1));
}
