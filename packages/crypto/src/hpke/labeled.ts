import { concat, u16be, utf8, zero } from '@coffer/base';
import { hkdfExpand, hkdfExtract } from '../hashes.js';

const version = utf8('HPKE-v1');

/** LabeledExtract (RFC 9180 §4) with HKDF-SHA-256. */
export function labeledExtract(suiteId: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  const labeled = concat(version, suiteId, utf8(label), ikm);
  const prk = hkdfExtract('sha256', salt, labeled);
  zero(labeled);
  return prk;
}

/** LabeledExpand (RFC 9180 §4) with HKDF-SHA-256. @throws CryptoError `bad-length` above 8,160 bytes. */
export function labeledExpand(
  suiteId: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  return hkdfExpand('sha256', prk, concat(u16be(lengthBytes), version, suiteId, utf8(label), info), lengthBytes);
}
