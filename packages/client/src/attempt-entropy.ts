import { concat, type Entropy, u32be, utf8, zero } from '@coffer/base';
import { hkdfExpand, hkdfExtract } from '@coffer/crypto';

const label = utf8('coffer/attempt-entropy/v1');

/**
 * The randomness of one attempt, as a function of a stored random seed and the password.
 *
 * It makes KE1 a function of both, which is what a crash needs: the same password gives the same KE1, which is free, and
 * another one gives an unrelated KE1, which pays. Storing KE1 and its blind instead would be the same for the fleet, but
 * whoever took the device could then test passwords against them without the fleet; a seed alone tests nothing.
 *
 * @param seed - 32 bytes, fresh for each attempt. @param password - prepared; not kept.
 * @returns the stream, from its start; `forget` overwrites its key.
 */
export function attemptEntropy(seed: Uint8Array, password: Uint8Array): Entropy & { forget(): void } {
  const prk = hkdfExtract('sha512', seed, password);
  let draws = 0;
  return {
    bytes: (length) => hkdfExpand('sha512', prk, concat(label, u32be(draws++)), length),
    forget: () => zero(prk),
  };
}
