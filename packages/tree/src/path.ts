import { type Branded, invariant } from '@coffer/base';
import { keyNibbles } from './limits.js';

/**
 * A place in the tree: depth in nibbles (u8) ‖ that many nibbles, two to a byte, high one first, an odd last one followed
 * by a zero nibble. A branch has a depth of 0 to 63; a depth of 64 is a whole key, hence a leaf.
 */
export type Path = Branded<Uint8Array, 'Path'>;

/** Where the root is. */
export const rootPath = Uint8Array.of(0) as Path;

/** Nibbles of `path`, 0 to 64. */
export function depthOf(path: Path): number {
  return path[0] as number;
}

/** Bytes of nibbles that follow a depth of `depth`. */
export function packedBytes(depth: number): number {
  return (depth + 1) >>> 1;
}

/** Nibble `at` of `path`, 0 to 15; `at` is below its depth. */
export function nibbleAt(path: Path, at: number): number {
  const byte = path[1 + (at >>> 1)] as number;
  return at % 2 === 0 ? byte >>> 4 : byte & 15;
}

/** The place of the leaf of `key`, which is 32 bytes. */
export function leafPath(key: Uint8Array): Path {
  invariant(key.length === keyNibbles / 2, 'a key is 32 bytes');
  const path = new Uint8Array(1 + key.length);
  path[0] = keyNibbles;
  path.set(key, 1);
  return path as Path;
}

/** The key of the leaf at `path`; a copy. */
export function keyOf(path: Path): Uint8Array {
  return path.slice(1);
}

/** How many nibbles `a` and `b` start with in common. */
export function sharedNibbles(a: Path, b: Path): number {
  const shared = Math.min(depthOf(a), depthOf(b));
  let at = 0;
  while (at + 1 < shared && a[1 + (at >>> 1)] === b[1 + (at >>> 1)]) at += 2;
  while (at < shared && nibbleAt(a, at) === nibbleAt(b, at)) at++;
  return at;
}

/** The first `depth` nibbles of `path`. */
export function prefixOf(path: Path, depth: number): Path {
  const prefix = path.slice(0, 1 + packedBytes(depth));
  prefix[0] = depth;
  if (depth % 2 === 1) prefix[prefix.length - 1] = (prefix[prefix.length - 1] as number) & 0xf0;
  return prefix as Path;
}

/** Whether `child` lies below slot `slot` of a branch at `path`. */
export function isBelow(child: Path, path: Path, slot: number): boolean {
  const depth = depthOf(path);
  return depthOf(child) > depth && sharedNibbles(child, path) === depth && nibbleAt(child, depth) === slot;
}
