import { u16be, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { keyOf, type Path, rootPath } from './path.js';

const leafLabel = utf8('coffer/leaf/v1');
const nodeLabel = utf8('coffer/node/v1');

/** Bytes of every hash here: SHA-256. */
export const hashBytes = 32;

/** `SHA-256("coffer/leaf/v1" ‖ key ‖ contentHash)`. With the key inside, a leaf's hash is good in one place only. */
export function leafHash(path: Path, contentHash: Uint8Array): Uint8Array {
  return sha256(leafLabel, keyOf(path), contentHash);
}

/**
 * `SHA-256("coffer/node/v1" ‖ depth u8 ‖ nibbles ‖ bitmap u16 ‖ child hashes in order)`. Depth and nibbles are the
 * branch's complete path, so that no subtree can be shown in another place.
 */
export function nodeHash(path: Path, bitmap: number, childHashes: readonly Uint8Array[]): Uint8Array {
  return sha256(nodeLabel, path, u16be(bitmap), ...childHashes);
}

/** Root of the tree without leaves: a branch at depth 0 without children. */
export const emptyRoot: Uint8Array = nodeHash(rootPath, 0, []);
