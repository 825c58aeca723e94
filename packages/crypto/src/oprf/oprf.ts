import { type Entropy, lengthPrefixed, utf8, zero } from '@coffer/base';
import { group } from '#group';
import { CryptoError } from '../errors.js';
import { elementBytes, requireElement, requireScalar } from '../group/validation.js';
import { sha512 } from '../hashes.js';
import { hashToGroup, randomScalar } from './ciphersuite.js';

/** Longest OPRF input, from its two-byte length prefix (RFC 9497 §1.2). */
export const oprfInputBytesMax = 65_535;

const finalizeLabel = utf8('Finalize');

function requireInput(input: Uint8Array): void {
  if (input.length > oprfInputBytesMax) throw new CryptoError('bad-length', 'OPRF input is over 65,535 bytes');
}

/** A fresh OPRF key: a uniform non-zero scalar, 32 bytes, from 64 bytes of entropy. */
export function oprfRandomKey(entropy: Entropy): Uint8Array {
  return randomScalar(entropy);
}

/**
 * Blind (RFC 9497 §3.3.1).
 * @param input - the client's secret, at most 65,535 bytes. @param entropy - gives 64 bytes (see `randomScalar`).
 * @returns the blind, which stays with the client, and the 32-byte element for the server.
 * @throws CryptoError `bad-length`; `bad-element` if the input maps to the identity, which nobody can find.
 */
export function oprfBlind(input: Uint8Array, entropy: Entropy): { blind: Uint8Array; blindedElement: Uint8Array } {
  requireInput(input);
  const blind = randomScalar(entropy);
  const element = requireElement(hashToGroup(input), 'hashed input');
  const blindedElement = group.multiply(blind, element);
  zero(element);
  return { blind, blindedElement };
}

/**
 * BlindEvaluate (RFC 9497 §3.3.1): oprfKey · blindedElement.
 * @throws CryptoError `bad-scalar`, `bad-element` (also for wrong lengths).
 */
export function oprfEvaluate(oprfKey: Uint8Array, blindedElement: Uint8Array): Uint8Array {
  requireScalar(oprfKey, 'OPRF key');
  requireElement(blindedElement, 'blinded element');
  return group.multiply(oprfKey, blindedElement);
}

/**
 * Finalize (RFC 9497 §3.3.1): unblinds and hashes; 64 bytes.
 * @throws CryptoError `bad-scalar`, `bad-element` (also for wrong lengths); `bad-length` for the input.
 */
export function oprfFinalize(input: Uint8Array, blind: Uint8Array, evaluatedElement: Uint8Array): Uint8Array {
  requireInput(input);
  requireScalar(blind, 'blind');
  requireElement(evaluatedElement, 'evaluated element');
  const inverse = group.invertScalar(blind);
  const element = group.multiply(inverse, evaluatedElement);
  const prefixedInput = lengthPrefixed(input);
  const output = sha512(prefixedInput, Uint8Array.of(0, elementBytes), element, finalizeLabel);
  zero(inverse, element, prefixedInput);
  return output;
}
