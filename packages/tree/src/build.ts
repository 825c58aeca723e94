import { compareBytes, invariant } from '@coffer/base';
import { TreeError } from './errors.js';
import { leafHash, nodeHash } from './hashes.js';
import type { NodeWrite } from './partial-tree.js';
import { depthOf, leafPath, nibbleAt, type Path, prefixOf, rootPath, sharedNibbles } from './path.js';
import { encodeStoredNode, type StoredChild } from './stored-node.js';

/** A record for {@link computeRoot}: 32-byte key, 32-byte content hash. */
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
 * Root of the tree of `leaves`, which strictly ascend by key, in one pass and with memory for one path. Every node of
 * the tree, the root included, is handed to `onNode` once, children before their parent.
 * @throws TreeError `not-sorted`.
 */
export function computeRoot(
  leaves: Iterable<TreeLeaf>,
  onNode: (write: NodeWrite) => void = () => undefined,
): Uint8Array {
  const open: OpenBranch[] = [newOpen(rootPath)];
  let last: { readonly path: Path; readonly subtree: Subtree } | undefined;

  /** Hangs the subtree around the last leaf into the deepest open branch, and closes all that are deeper than `depth`. */
  const closeTo = (depth: number): Subtree | undefined => {
    if (last === undefined) return undefined;
    let { subtree } = last;
    for (let top = open.at(-1); top !== undefined && depthOf(top.path) > depth; top = open.at(-1)) {
      hang(top, last.path, subtree);
      subtree = closed(top, onNode);
      open.pop();
    }
    return subtree;
  };

  for (const { key, contentHash } of leaves) {
    const path = leafPath(key);
    if (last !== undefined) {
      if (compareBytes(last.path, path) >= 0) throw new TreeError('not-sorted', 'leaves do not ascend');
      const shared = sharedNibbles(last.path, path);
      const subtree = closeTo(shared);
      invariant(subtree !== undefined, 'there is a last leaf');
      let top = open.at(-1);
      if (top === undefined || depthOf(top.path) < shared) {
        top = newOpen(prefixOf(path, shared));
        open.push(top);
      }
      hang(top, last.path, subtree);
    }
    last = { path, subtree: { stored: { path, value: contentHash }, hash: leafHash(path, contentHash) } };
  }

  const rest = closeTo(0);
  const root = open[0];
  invariant(root !== undefined && open.length === 1, 'only the root is open at the end');
  if (last !== undefined && rest !== undefined) hang(root, last.path, rest);
  return closed(root, onNode).hash;
}

function newOpen(path: Path): OpenBranch {
  return { path, slots: new Array<Subtree | undefined>(16).fill(undefined) };
}

function hang(branch: OpenBranch, path: Path, subtree: Subtree): void {
  branch.slots[nibbleAt(path, depthOf(branch.path))] = subtree;
}

function closed({ path, slots }: OpenBranch, onNode: (write: NodeWrite) => void): Subtree {
  let bitmap = 0;
  const hashes: Uint8Array[] = [];
  for (const [slot, subtree] of slots.entries()) {
    if (subtree === undefined) continue;
    bitmap |= 1 << slot;
    hashes.push(subtree.hash);
  }
  const hash = nodeHash(path, bitmap, hashes);
  onNode({ path, node: encodeStoredNode(slots.map((subtree) => subtree?.stored)) });
  return { stored: { path, value: hash }, hash };
}
