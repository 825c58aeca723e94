import { compareBytes, invariant } from '@coffer/base';
import { TreeError } from './errors.js';
import { emptyRoot, leafHash, nodeHash } from './hashes.js';
import type { NodeWrite } from './partial-tree.js';
import { depthOf, leafPath, nibbleAt, type Path, prefixOf, rootPath, sharedNibbles } from './path.js';
import { encodeStoredNode, type StoredChild } from './stored-node.js';

/** A record of a whole tree: 32-byte key, 32-byte content hash. */
export interface TreeLeaf {
  readonly key: Uint8Array;
  readonly contentHash: Uint8Array;
}

/** A finished subtree: what its parent stores of it, and its hash. */
interface Subtree {
  readonly stored: StoredChild;
  readonly hash: Uint8Array;
}

interface OpenBranch {
  readonly path: Path;
  readonly slots: (Subtree | undefined)[];
}

/**
 * Builds the tree of leaves that strictly ascend by key, in one pass and with memory for one path. Every node is handed
 * to `onNode` once, children before their parent; a tree without leaves has none to store.
 */
export class TreeBuilder {
  readonly #onNode: (write: NodeWrite) => void;
  /** Branches that may still get children, each below the one before; all lie on the path of the last leaf. */
  readonly #open: OpenBranch[] = [newOpen(rootPath)];
  #last: Subtree | undefined;

  constructor(onNode: (write: NodeWrite) => void) {
    this.#onNode = onNode;
  }

  /** Adds the next leaf. @throws TreeError `not-sorted`. */
  add({ key, contentHash }: TreeLeaf): void {
    const path = leafPath(key);
    const last = this.#last;
    if (last !== undefined) {
      if (compareBytes(last.stored.path, path) >= 0) throw new TreeError('not-sorted', 'leaves do not ascend');
      this.#closeBelow(last, sharedNibbles(last.stored.path, path));
    }
    this.#last = { stored: { path, value: contentHash }, hash: leafHash(path, contentHash) };
  }

  /** The root of all that was added; 32 bytes. The builder is used up. */
  finish(): Uint8Array {
    if (this.#last === undefined) return emptyRoot.slice();
    this.#closeBelow(this.#last, 0);
    const root = this.#open.pop();
    invariant(root !== undefined && this.#open.length === 0, 'only the root is open at the end');
    return this.#close(root).hash;
  }

  /** Hangs the last leaf in, closes all branches deeper than `depth`, and hangs the result into the one at `depth`. */
  #closeBelow(leaf: Subtree, depth: number): void {
    let subtree = leaf;
    for (let top = this.#top(); depthOf(top.path) > depth; top = this.#top()) {
      hang(top, leaf.stored.path, subtree);
      subtree = this.#close(top);
      this.#open.pop();
    }
    if (depthOf(this.#top().path) < depth) this.#open.push(newOpen(prefixOf(leaf.stored.path, depth)));
    hang(this.#top(), leaf.stored.path, subtree);
  }

  #top(): OpenBranch {
    const top = this.#open.at(-1);
    invariant(top !== undefined, 'the root stays open to the end');
    return top;
  }

  #close({ path, slots }: OpenBranch): Subtree {
    let bitmap = 0;
    const hashes: Uint8Array[] = [];
    for (const [slot, subtree] of slots.entries()) {
      if (subtree === undefined) continue;
      bitmap |= 1 << slot;
      hashes.push(subtree.hash);
    }
    const hash = nodeHash(path, bitmap, hashes);
    this.#onNode({ path, node: encodeStoredNode(slots.map((subtree) => subtree?.stored)) });
    return { stored: { path, value: hash }, hash };
  }
}

/** Root of the tree of `leaves`, as {@link TreeBuilder} builds it. @throws TreeError `not-sorted`. */
export function computeRoot(
  leaves: Iterable<TreeLeaf>,
  onNode: (write: NodeWrite) => void = () => undefined,
): Uint8Array {
  const builder = new TreeBuilder(onNode);
  for (const leaf of leaves) builder.add(leaf);
  return builder.finish();
}

function newOpen(path: Path): OpenBranch {
  return { path, slots: new Array<Subtree | undefined>(16).fill(undefined) };
}

/** Puts `subtree` into the slot of `branch` that `below` goes through. */
function hang(branch: OpenBranch, below: Path, subtree: Subtree): void {
  branch.slots[nibbleAt(below, depthOf(branch.path))] = subtree;
}
