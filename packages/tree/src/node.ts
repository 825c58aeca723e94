import { invariant } from '@coffer/base';
import { leafHash, nodeHash } from './hashes.js';
import { depthOf, nibbleAt, type Path } from './path.js';
import type { StoredChild } from './stored-node.js';

/** A record: its key (as a path of depth 64) and the hash of its content. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly path: Path;
  contentHash: Uint8Array;
  /** Cached; absent after a change. */
  hash: Uint8Array | undefined;
}

/** An opened branch. `path` is its complete prefix; 16 slots, by the next nibble. */
export interface Branch {
  readonly kind: 'branch';
  readonly path: Path;
  readonly children: (Child | undefined)[];
  /** Cached; absent after a change below. */
  hash: Uint8Array | undefined;
  /** Whether it differs from what the tree was made from. */
  changed: boolean;
}

/** A subtree or leaf that was not opened: known by its hash alone, and on the host's side by what its store says. */
export interface Closed {
  readonly kind: 'closed';
  readonly hash: Uint8Array;
  readonly stored: StoredChild | undefined;
}

export type Child = Leaf | Branch | Closed;

export function newLeaf(path: Path, contentHash: Uint8Array): Leaf {
  return { kind: 'leaf', path, contentHash, hash: undefined };
}

export function newBranch(path: Path, changed: boolean): Branch {
  return { kind: 'branch', path, children: new Array<Child | undefined>(16).fill(undefined), hash: undefined, changed };
}

/** The slot of `branch` that the path `to` goes through. */
export function slotOf(branch: Branch, to: Path): number {
  return nibbleAt(to, depthOf(branch.path));
}

/** Which slots of `branch` are taken: bit s for slot s. */
export function bitmapOf(branch: Branch): number {
  let bitmap = 0;
  for (const [slot, child] of branch.children.entries()) if (child !== undefined) bitmap |= 1 << slot;
  return bitmap;
}

/** The children in order. */
export function childrenOf(branch: Branch): Child[] {
  return branch.children.filter((child) => child !== undefined);
}

/** Hash of `child`; only what has changed since the last call is hashed again. The depth of recursion is at most 64. */
export function hashOf(child: Child): Uint8Array {
  if (child.hash !== undefined) return child.hash;
  invariant(child.kind !== 'closed', 'a closed child has its hash');
  child.hash =
    child.kind === 'leaf'
      ? leafHash(child.path, child.contentHash)
      : nodeHash(child.path, bitmapOf(child), childrenOf(child).map(hashOf));
  return child.hash;
}
