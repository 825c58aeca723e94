import { equalBytes, invariant } from '@coffer/base';
import { TreeError } from './errors.js';
import { hashBytes, leafHash } from './hashes.js';
import { keyNibbles, proofKeysMax } from './limits.js';
import { type Branch, type Child, hashOf, newBranch, newLeaf, slotOf } from './node.js';
import { depthOf, leafPath, type Path, prefixOf, rootPath, sharedNibbles } from './path.js';
import { decodeBranchProof, encodeBranchProof } from './proof.js';
import { decodeStoredNode, encodeStoredNode, type StoredChild } from './stored-node.js';

/** Where a host keeps its nodes. */
export interface TreeStore {
  /** What was stored last under `path` (depth u8 ‖ packed nibbles), or undefined. */
  node(path: Path): Uint8Array | undefined;
}

/** A node to store. */
export interface NodeWrite {
  readonly path: Path;
  readonly node: Uint8Array;
}

/**
 * The part of a record tree that some keys need: opened branches and leaves, and the hashes of everything else. The HSM
 * makes one from a proof, the host from its store; from there on both run the same code, so they cannot disagree on
 * what a change does to the root.
 */
export class PartialTree {
  readonly #root: Branch;

  private constructor(root: Branch) {
    this.#root = root;
  }

  /**
   * The tree that `proof` opens, once it is certain that its root is `root`.
   * @throws TreeError `bad-proof`, `over-limit`.
   */
  static open(proof: Uint8Array, root: Uint8Array): PartialTree {
    const tree = new PartialTree(decodeBranchProof(proof));
    if (!equalBytes(tree.root(), root)) throw new TreeError('bad-proof', 'a proof for another root');
    return tree;
  }

  /**
   * The tree in `store` (empty when it holds no root node), opened for `keys`, which may repeat. Every opened node is
   * checked against its parent; comparing {@link root} with the one that the store should have completes the check.
   * @throws TreeError `bad-node`; `over-limit` over {@link proofKeysMax} keys.
   */
  static load(store: TreeStore, keys: readonly Uint8Array[]): PartialTree {
    if (keys.length > proofKeysMax) throw new TreeError('over-limit', `over ${proofKeysMax} keys`);
    const root = store.node(rootPath);
    const tree = new PartialTree(root === undefined ? newBranch(rootPath, false) : loadBranch(rootPath, root));
    for (const key of keys) tree.#cover(store, leafPath(key));
    return tree;
  }

  /** SHA-256 root; 32 bytes, a copy. */
  root(): Uint8Array {
    return hashOf(this.#root).slice();
  }

  /**
   * Content hash of `key` (32 bytes, a copy), or undefined: the key is provably absent.
   * @throws TreeError `not-covered`.
   */
  get(key: Uint8Array): Uint8Array | undefined {
    const path = leafPath(key);
    const child = this.#descend(path).at(-1)?.child;
    return child?.kind === 'leaf' && sharedNibbles(child.path, path) === keyNibbles
      ? child.contentHash.slice()
      : undefined;
  }

  /** Inserts or replaces the leaf of `key`. Both arguments are 32 bytes. @throws TreeError `not-covered`. */
  set(key: Uint8Array, contentHash: Uint8Array): void {
    invariant(contentHash.length === hashBytes, 'a content hash is 32 bytes');
    const path = leafPath(key);
    const steps = this.#descend(path);
    for (const { branch } of steps) {
      branch.hash = undefined;
      branch.changed = true;
    }
    const last = steps.at(-1);
    invariant(last !== undefined, 'a descent starts at the root');
    last.branch.children[slotOf(last.branch, path)] = placed(path, contentHash.slice(), last.child);
  }

  /** Canonical proof of all that is opened. @throws TreeError `over-limit` over `proofBytesMax` bytes. */
  encodeProof(): Uint8Array {
    return encodeBranchProof(this.#root);
  }

  /**
   * The nodes that `set` has changed or made since {@link load}, in no particular order. Storing them under their paths
   * is all that a host has to do: a branch's path is its complete prefix, so splitting an edge adds a branch above and
   * leaves the old one where it was, and records are never removed.
   */
  changes(): NodeWrite[] {
    const writes: NodeWrite[] = [];
    collectChanges(this.#root, writes);
    return writes;
  }

  /** The branches on the way to `path`, each with what its slot holds; the last slot holds no branch on that way. */
  #descend(path: Path): { branch: Branch; child: Child | undefined }[] {
    const steps: { branch: Branch; child: Child | undefined }[] = [];
    let branch = this.#root;
    for (;;) {
      const child = branch.children[slotOf(branch, path)];
      if (child?.kind === 'closed') throw new TreeError('not-covered', 'the proof does not open the path of this key');
      steps.push({ branch, child });
      if (child?.kind !== 'branch' || !leadsTo(child, path)) return steps;
      branch = child;
    }
  }

  #cover(store: TreeStore, path: Path): void {
    let branch = this.#root;
    for (;;) {
      const slot = slotOf(branch, path);
      let child = branch.children[slot];
      if (child?.kind === 'closed') {
        invariant(child.stored !== undefined, 'a loaded tree knows where its children are');
        child = branch.children[slot] = openStored(store, child.stored);
      }
      if (child?.kind !== 'branch' || !leadsTo(child, path)) return;
      branch = child;
    }
  }
}

function leadsTo(branch: Branch, path: Path): boolean {
  return sharedNibbles(branch.path, path) === depthOf(branch.path);
}

/** What a slot holds after the leaf at `path` went into it, where `found` was before. */
function placed(path: Path, contentHash: Uint8Array, found: Child | undefined): Child {
  const leaf = newLeaf(path, contentHash);
  if (found === undefined) return leaf;
  invariant(found.kind !== 'closed', 'a descent ends at what is opened');
  const shared = sharedNibbles(found.path, path);
  if (shared === keyNibbles) return leaf;
  const split = newBranch(prefixOf(path, shared), true);
  split.children[slotOf(split, path)] = leaf;
  split.children[slotOf(split, found.path)] = found;
  return split;
}

function loadBranch(path: Path, node: Uint8Array): Branch {
  const branch = newBranch(path, false);
  for (const [slot, stored] of decodeStoredNode(path, node).entries()) {
    if (stored === undefined) continue;
    const hash = depthOf(stored.path) === keyNibbles ? leafHash(stored.path, stored.value) : stored.value;
    branch.children[slot] = { kind: 'closed', hash, stored };
  }
  return branch;
}

function openStored(store: TreeStore, { path, value }: StoredChild): Child {
  if (depthOf(path) === keyNibbles) return newLeaf(path, value);
  const node = store.node(path);
  if (node === undefined) throw new TreeError('bad-node', 'a node is missing');
  const branch = loadBranch(path, node);
  if (!equalBytes(hashOf(branch), value)) throw new TreeError('bad-node', 'a node is not what its parent says');
  return branch;
}

function collectChanges(branch: Branch, into: NodeWrite[]): void {
  if (!branch.changed) return;
  into.push({ path: branch.path, node: encodeStoredNode(Array.from(branch.children, toStored)) });
  for (const child of branch.children) if (child?.kind === 'branch') collectChanges(child, into);
}

function toStored(child: Child | undefined): StoredChild | undefined {
  if (child === undefined) return undefined;
  if (child.kind === 'leaf') return { path: child.path, value: child.contentHash };
  if (child.kind === 'branch') return { path: child.path, value: hashOf(child) };
  invariant(child.stored !== undefined, 'only a tree from a store can be stored');
  return child.stored;
}
