import { invariant } from '@coffer/base';

/**
 * Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", §5): rounds a
 * length up so that its binary form needs as few bits as a floating-point number with a short mantissa would.
 *
 * The size of a ciphertext then gives away O(log log M) bits about a maximum size M, for at most 12 % more bytes.
 * @param length - 0 to 2^53 - 1. @returns `length` to `1.12 × length`.
 */
export function padme(length: number): number {
  invariant(Number.isSafeInteger(length) && length >= 0, 'padme takes a safe length');
  if (length < 2) return length;
  const exponent = floorLog2(length);
  const mantissaBits = floorLog2(exponent) + 1;
  const step = 2 ** Math.max(0, exponent - mantissaBits);
  return Math.ceil(length / step) * step;
}

/** Every backup is stored as if it held at least this much, so that small ones all look alike. */
export const paddedBytesMin = 16_384;

/** What `length` bytes of a backup (its contents, or its manifest) are padded to. */
export function paddedBytes(length: number): number {
  return padme(Math.max(length, paddedBytesMin));
}

// Math.log2 rounds: for 2^48 - 1 it says 48.
function floorLog2(value: number): number {
  let exponent = 0;
  for (let rest = value; rest >= 2; rest = Math.floor(rest / 2)) exponent++;
  return exponent;
}
