import { sha256 } from '@coffer/crypto';

/** Bytes of every hash of the log: SHA-256. */
export const hashBytes = 32;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** Root of a log without leaves: the hash of nothing (RFC 6962 §2.1). */
export const emptyTreeRoot = (): Uint8Array => sha256();

/** `SHA-256(00 ‖ entry)` (RFC 6962 §2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(leafPrefix, entry);
}

/**
 * `SHA-256(01 ‖ left ‖ right)` (RFC 6962 §2.1). The two prefixes keep an inner node from being shown as an entry of 64
 * bytes, which would be in the tree without anyone having logged it.
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(nodePrefix, left, right);
}
