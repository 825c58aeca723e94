import { concat, u16be, zero } from '@coffer/base';
import { sha512 } from '../hashes.js';

const hashBytes = 64;
const blockBytes = 128;

/**
 * expand_message_xmd with SHA-512 (RFC 9380 §5.3.1), for the one length that ristretto255 needs: 64 bytes, one block.
 * @param tag - domain separation tag, at most 255 bytes (all of Coffer's are constants).
 */
export function expandMessage(message: Uint8Array, tag: Uint8Array): Uint8Array {
  const tagPrime = concat(tag, Uint8Array.of(tag.length));
  const b0 = sha512(new Uint8Array(blockBytes), message, u16be(hashBytes), Uint8Array.of(0), tagPrime);
  const b1 = sha512(b0, Uint8Array.of(1), tagPrime);
  zero(b0);
  return b1;
}
