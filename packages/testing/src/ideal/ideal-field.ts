/** Order of ristretto255 (RFC 9496 §4), so that real scalars are scalars here too. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Little-endian bytes as a number. Length: a multiple of 8. */
export function numberOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let number = 0n;
  for (let at = bytes.length - 8; at >= 0; at -= 8) number = (number << 64n) | view.getBigUint64(at, true);
  return number;
}

/** 32 little-endian bytes of a number below 2^256. */
export function bytesOf(number: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  for (let at = 0, rest = number; at < 32; at += 8, rest >>= 64n)
    view.setBigUint64(at, rest & 0xffff_ffff_ffff_ffffn, true);
  return new Uint8Array(view.buffer);
}

export const isReduced = (number: bigint): boolean => number < order;

export const reduce = (number: bigint): bigint => number % order;

export const multiply = (a: bigint, b: bigint): bigint => (a * b) % order;

/** Inverse of a number that is not 0, by Euclid's algorithm. */
export function invert(number: bigint): bigint {
  let [r, next, s, t] = [order, number, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, t] = [t, s - quotient * t];
  }
  return s < 0n ? s + order : s;
}
