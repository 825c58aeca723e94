/**
 * Flips every single bit of a validation bundle and shows that a client refuses each. Some minutes; a sample of it is in
 * the tests. `npm run bundle-bits`
 */
import { TransparencyError, verifyBundle } from '@coffer/transparency';
import { goodRequest } from './forgeries.js';
import { flipBit } from './world.js';

verifyBundle(goodRequest);
const bits = goodRequest.bundle.length * 8;
const refused = new Map<string, number>();
const accepted: number[] = [];
for (let bit = 0; bit < bits; bit++) {
  try {
    verifyBundle({ ...goodRequest, bundle: flipBit(goodRequest.bundle, bit) });
    accepted.push(bit);
  } catch (error) {
    if (!(error instanceof TransparencyError)) throw error;
    refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
  }
}
for (const [code, count] of [...refused].sort((a, b) => b[1] - a[1])) console.log(`${count}\t${code}`);
console.log(`${bits} bits, ${bits - accepted.length} refused`);
if (accepted.length > 0) {
  console.error(`accepted: ${accepted.slice(0, 20).join(', ')}`);
  process.exitCode = 1;
}
