import { groupOrder, isBelow } from './scalar-order.js';

/**
 * The part of Ed25519 verification on which libraries disagree ("Taming the many EdDSAs", ePrint 2020/1244), written
 * once, so that a browser and an HSM never differ about a signature: two replicas that disagree about a statement's
 * validity would commit different histories.
 */

/** 2^255 - 19, little-endian. */
const FIELD_PRIME = (() => {
  const prime = new Uint8Array(32).fill(0xff);
  prime[0] = 0xed;
  prime[31] = 0x7f;
  return prime;
})();

/** The y coordinates of the eight points of order 1, 2, 4 and 8 other than 1, 0 and -1: two values, little-endian. */
const ORDER_EIGHT_Y = [
  Uint8Array.of(
    0x26,
    0xe8,
    0x95,
    0x8f,
    0xc2,
    0xb2,
    0x27,
    0xb0,
    0x45,
    0xc3,
    0xf4,
    0x89,
    0xf2,
    0xef,
    0x98,
    0xf0,
    0xd5,
    0xdf,
    0xac,
    0x05,
    0xd3,
    0xc6,
    0x33,
    0x39,
    0xb1,
    0x38,
    0x02,
    0x88,
    0x6d,
    0x53,
    0xfc,
    0x05,
  ),
  Uint8Array.of(
    0xc7,
    0x17,
    0x6a,
    0x70,
    0x3d,
    0x4d,
    0xd8,
    0x4f,
    0xba,
    0x3c,
    0x0b,
    0x76,
    0x0d,
    0x10,
    0x67,
    0x0f,
    0x2a,
    0x20,
    0x53,
    0xfa,
    0x2c,
    0x39,
    0xcc,
    0xc6,
    0x4e,
    0xc7,
    0xfd,
    0x77,
    0x92,
    0xac,
    0x03,
    0x7a,
  ),
];

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

/** Whether a 32-byte point encoding has y < p and is none of the eight points of small order. */
function isCanonicalLargeOrder(point: Uint8Array): boolean {
  // Not `slice`: of a Buffer that would share memory, and the sign bit be cleared in the caller's signature.
  const y = Uint8Array.from(point);
  y[31] = (y[31] as number) & 0x7f;
  if (!isBelow(y, FIELD_PRIME)) return false;
  const tail = y.subarray(1, 31).every((byte) => byte === 0) && y[31] === 0;
  if (tail && (y[0] === 0 || y[0] === 1)) return false;
  const minusOne = FIELD_PRIME.slice();
  minusOne[0] = 0xec;
  return !isSame(y, minusOne) && !ORDER_EIGHT_Y.some((small) => isSame(y, small));
}

/**
 * Whether S < L, and A and R are canonical encodings that have no small order. `publicKey` is 32 bytes and `signature`
 * 64. S ≥ L would make signatures malleable; a key of small order verifies for messages nobody signed.
 */
export function hasCanonicalParts(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    isBelow(signature.subarray(32), groupOrder) &&
    isCanonicalLargeOrder(publicKey) &&
    isCanonicalLargeOrder(signature.subarray(0, 32))
  );
}
