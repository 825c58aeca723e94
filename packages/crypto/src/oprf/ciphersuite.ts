import { concat, type Entropy, lengthPrefixed, utf8, zero } from '@coffer/base';
import { group } from '#group';
import { CryptoError } from '../errors.js';
import { isZeroScalar } from '../group/validation.js';
import { expandMessage } from './expand-message.js';

/** "OPRFV1-" ‖ I2OSP(modeOPRF, 1) ‖ "-" ‖ identifier (RFC 9497 §3.1, §4.1). */
const contextString = utf8('OPRFV1-\0-ristretto255-SHA512');
const groupTag = concat(utf8('HashToGroup-'), contextString);
const deriveKeyPairTag = concat(utf8('DeriveKeyPair'), contextString);
/** DeriveKeyPair gives up after as many zero scalars, which never come. */
const deriveAttemptsMax = 256;

/** HashToGroup (RFC 9497 §4.1). */
export function hashToGroup(input: Uint8Array): Uint8Array {
  const uniform = expandMessage(input, groupTag);
  const element = group.elementFromUniform(uniform);
  zero(uniform);
  return element;
}

/**
 * A uniform non-zero scalar: 64 bytes of entropy, read little-endian and reduced modulo the group's order (bias below
 * 2^-250); 64 more should they give zero. 32 bytes of a canonical scalar and 32 zeros therefore give that scalar,
 * which is how test vectors inject theirs.
 */
export function randomScalar(entropy: Entropy): Uint8Array {
  for (;;) {
    const wide = entropy.bytes(64);
    const scalar = group.reduceScalar(wide);
    zero(wide);
    if (!isZeroScalar(scalar)) return scalar;
  }
}

/**
 * DeriveKeyPair of the OPRF mode (RFC 9497 §3.2.1).
 * @param seed - 32 bytes of secret entropy. @param info - public, at most 65,535 bytes.
 * @returns private scalar and public element, 32 bytes each.
 */
export function oprfDeriveKeyPair(
  seed: Uint8Array,
  info: Uint8Array,
): { privateKey: Uint8Array; publicKey: Uint8Array } {
  const input = concat(seed, lengthPrefixed(info));
  for (let counter = 0; counter < deriveAttemptsMax; counter++) {
    const message = concat(input, Uint8Array.of(counter));
    const uniform = expandMessage(message, deriveKeyPairTag);
    const privateKey = group.reduceScalar(uniform);
    zero(message, uniform);
    if (isZeroScalar(privateKey)) continue;
    zero(input);
    return { privateKey, publicKey: group.multiplyBase(privateKey) };
  }
  throw new CryptoError('bad-key', 'no key pair derives from this seed');
}
