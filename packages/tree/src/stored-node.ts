import { decode, encode, fixed, type Layout, u8, u16, WireError } from '@coffer/wire';
import { TreeError } from './errors.js';
import { hashBytes } from './hashes.js';
import { keyNibbles } from './limits.js';
import { depthOf, isBelow, type Path, packedBytes, rootPath } from './path.js';

/** What a host stores of one child: its path, and its content hash if it is a leaf (depth 64), else its node hash. */
export interface StoredChild {
  readonly path: Path;
  readonly value: Uint8Array;
}

/** A canonical path: depth u8 ‖ nibbles, an unused low nibble zero. */
export const pathLayout: Layout<Path> = {
  write: (writer, path) => writer.bytes(path),
  read(reader) {
    const depth = u8.read(reader);
    if (depth > keyNibbles) throw new WireError('bad-value', 'deeper than a key');
    const packed = reader.bytes(packedBytes(depth));
    if (depth % 2 === 1 && ((packed[packed.length - 1] as number) & 15) !== 0) {
      throw new WireError('bad-value', 'stray nibble');
    }
    const path = new Uint8Array(1 + packed.length);
    path[0] = depth;
    path.set(packed, 1);
    return path as Path;
  },
};

const value = fixed(hashBytes);

/** u16 bitmap ‖ per taken slot: path ‖ 32 bytes. A node does not hold its own path, which is its key in the store. */
const storedNodeLayout: Layout<readonly (StoredChild | undefined)[]> = {
  write(writer, children) {
    let bitmap = 0;
    for (const [slot, child] of children.entries()) if (child !== undefined) bitmap |= 1 << slot;
    u16.write(writer, bitmap);
    for (const child of children) {
      if (child === undefined) continue;
      pathLayout.write(writer, child.path);
      value.write(writer, child.value);
    }
  },
  read(reader) {
    const bitmap = u16.read(reader);
    const children = new Array<StoredChild | undefined>(16).fill(undefined);
    for (let slot = 0; slot < 16; slot++) {
      if ((bitmap & (1 << slot)) !== 0) children[slot] = { path: pathLayout.read(reader), value: value.read(reader) };
    }
    return children;
  },
};

/** The bytes under which a host stores a branch with these 16 slots. */
export function encodeStoredNode(children: readonly (StoredChild | undefined)[]): Uint8Array {
  return encode(storedNodeLayout, children);
}

/**
 * The 16 slots of the branch stored at `path`.
 * @throws TreeError `bad-node` when they are malformed, lie elsewhere, or are fewer than a branch must have.
 */
export function decodeStoredNode(path: Path, node: Uint8Array): readonly (StoredChild | undefined)[] {
  let children: readonly (StoredChild | undefined)[];
  try {
    children = decode(storedNodeLayout, node);
  } catch (cause) {
    throw new TreeError('bad-node', 'malformed', { cause });
  }
  let count = 0;
  for (const [slot, child] of children.entries()) {
    if (child === undefined) continue;
    count++;
    if (!isBelow(child.path, path, slot)) throw new TreeError('bad-node', 'a child lies elsewhere');
  }
  if (count < 2 && depthOf(path) !== depthOf(rootPath))
    throw new TreeError('bad-node', 'a branch that does not branch');
  return children;
}
