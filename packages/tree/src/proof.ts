import { type ByteReader, type ByteWriter, decode, encode, fixed, type Layout, u16, WireError } from '@coffer/wire';
import { TreeError } from './errors.js';
import { hashBytes } from './hashes.js';
import { keyNibbles, proofBytesMax, proofKeysMax } from './limits.js';
import { type Branch, bitmapOf, type Child, childrenOf, hashOf, newBranch, newLeaf } from './node.js';
import { depthOf, isBelow, type Path, rootPath } from './path.js';
import { pathLayout } from './stored-node.js';

/*
 * A proof is its tree: branch = taken u16 ‖ opened u16 (a subset) ‖ per taken slot in order, closed: hash; opened:
 * path ‖ (content hash if the path is a whole key, else branch). So it is sorted, free of duplicates and of unreachable
 * parts by construction; everything else that would give one tree two encodings is refused below.
 */

const hash = fixed(hashBytes);

/** The canonical proof of what is opened below `root`. @throws TreeError `over-limit`. */
export function encodeBranchProof(root: Branch): Uint8Array {
  const proof = encode(rootLayout, root);
  if (proof.length > proofBytesMax) throw new TreeError('over-limit', `a proof of over ${proofBytesMax} bytes`);
  return proof;
}

/** The root branch that `proof` opens; nothing is hashed yet. @throws TreeError `bad-proof`, `over-limit`. */
export function decodeBranchProof(proof: Uint8Array): Branch {
  if (proof.length > proofBytesMax) throw new TreeError('over-limit', `a proof of over ${proofBytesMax} bytes`);
  try {
    return decode(rootLayout, proof);
  } catch (cause) {
    if (cause instanceof WireError) throw new TreeError('bad-proof', 'not a canonical proof', { cause });
    throw cause;
  }
}

const rootLayout: Layout<Branch> = {
  write: writeBranch,
  read: (reader) => readBranch(reader, rootPath, { left: proofKeysMax }),
};

function writeBranch(writer: ByteWriter, branch: Branch): void {
  let opened = 0;
  for (const [slot, child] of branch.children.entries()) {
    if (child !== undefined && child.kind !== 'closed') opened |= 1 << slot;
  }
  u16.write(writer, bitmapOf(branch));
  u16.write(writer, opened);
  for (const child of childrenOf(branch)) {
    if (child.kind === 'closed') {
      hash.write(writer, hashOf(child));
      continue;
    }
    pathLayout.write(writer, child.path);
    if (child.kind === 'leaf') hash.write(writer, child.contentHash);
    else writeBranch(writer, child);
  }
}

/** `ends.left` counts down the places where some key's path ends; there are no more of those than there are keys. */
function readBranch(reader: ByteReader, path: Path, ends: { left: number }): Branch {
  const taken = u16.read(reader);
  const opened = u16.read(reader);
  if ((opened & ~taken) !== 0) throw new WireError('bad-value', 'an empty slot cannot be opened');
  if (depthOf(path) > 0 && (taken & (taken - 1)) === 0)
    throw new WireError('bad-value', 'a branch that does not branch');
  if (opened === 0) countEnd(ends);
  const branch = newBranch(path, false);
  for (let slot = 0; slot < 16; slot++) {
    if ((taken & (1 << slot)) === 0) continue;
    branch.children[slot] =
      (opened & (1 << slot)) === 0
        ? { kind: 'closed', hash: hash.read(reader), stored: undefined }
        : readOpened(reader, path, slot, ends);
  }
  return branch;
}

function readOpened(reader: ByteReader, parent: Path, slot: number, ends: { left: number }): Child {
  const path = pathLayout.read(reader);
  if (!isBelow(path, parent, slot)) throw new WireError('bad-value', 'a child lies elsewhere');
  if (depthOf(path) < keyNibbles) return readBranch(reader, path, ends);
  countEnd(ends);
  return newLeaf(path, hash.read(reader));
}

function countEnd(ends: { left: number }): void {
  if (ends.left-- === 0) throw new TreeError('over-limit', `a proof of over ${proofKeysMax} keys`);
}
