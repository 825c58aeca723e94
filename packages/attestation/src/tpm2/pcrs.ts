import { concat, equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { AttestationError } from '../errors.js';
import type { Pcr } from './evidence.js';
import type { TpmQuote } from './structures.js';

/** What a PCR holds after one `TPM2_PCR_Extend` with `digest` on top of `before`; zeros after a reset. 32 bytes. */
export function extendPcr(digest: Uint8Array, before: Uint8Array = new Uint8Array(32)): Uint8Array {
  return sha256(before, digest);
}

/**
 * @returns the values by index, once the digest that the TPM has signed is recomputed from them.
 * @throws AttestationError `wrong-pcr-digest`.
 */
export function verifyPcrValues(pcrs: readonly Pcr[], quote: TpmQuote): ReadonlyMap<number, Uint8Array> {
  const isSelected =
    pcrs.length === quote.pcrIndexes.length && pcrs.every(({ index }, i) => index === quote.pcrIndexes[i]);
  if (!isSelected || !equalBytes(sha256(concat(...pcrs.map(({ value }) => value))), quote.pcrDigest)) {
    throw new AttestationError('wrong-pcr-digest', 'the PCR values are not those that were quoted');
  }
  return new Map(pcrs.map(({ index, value }) => [index, value]));
}

/** @throws AttestationError `wrong-pcr` where one is not quoted, or holds something else. */
export function verifyExpectedPcrs(values: ReadonlyMap<number, Uint8Array>, expected: readonly Pcr[]): void {
  for (const { index, value } of expected) {
    const found = values.get(index);
    if (found === undefined || !equalBytes(found, value)) {
      throw new AttestationError('wrong-pcr', `PCR ${index} does not hold what it should`);
    }
  }
}
