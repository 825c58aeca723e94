import type { Entropy } from '@coffer/base';

// In every runtime that Coffer supports, and in no ECMAScript lib file.
declare const crypto: { getRandomValues(array: Uint8Array): Uint8Array };

/** What one call of getRandomValues may ask for (W3C Web Cryptography §10.1.1). */
const requestBytesMax = 65_536;

/** The system's generator, through `globalThis.crypto`. */
export const systemEntropy: Entropy = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += requestBytesMax) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + requestBytesMax)));
    }
    return bytes;
  },
};
