import { group } from '#group';
import { CryptoError } from '../errors.js';
import { groupOrder, isBelow } from '../scalar-order.js';

/** Bytes of a serialized ristretto255 element. */
export const elementBytes = 32;
/** Bytes of a serialized scalar, little-endian. */
export const scalarBytes = 32;

/** Bytes are OR-ed, so that time does not depend on where a secret scalar has its first non-zero byte. */
function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (const byte of bytes) any |= byte;
  return any === 0;
}

/**
 * DeserializeElement of RFC 9497 §2.1: canonical, and not the identity. An identity would make the result of a
 * multiplication independent of the secret scalar.
 * @throws CryptoError `bad-element`.
 */
export function requireElement(element: Uint8Array, what: string): Uint8Array {
  if (element.length !== elementBytes || isZero(element) || !group.isEncoding(element)) {
    throw new CryptoError('bad-element', `${what} is not a group element`);
  }
  return element;
}

/** DeserializeScalar of RFC 9497 §2.1, and not zero. @throws CryptoError `bad-scalar`. */
export function requireScalar(scalar: Uint8Array, what: string): Uint8Array {
  if (scalar.length !== scalarBytes || isZero(scalar) || !isBelow(scalar, groupOrder)) {
    throw new CryptoError('bad-scalar', `${what} is not a scalar`);
  }
  return scalar;
}

/** Whether a reduced scalar is zero, which a caller then draws again. */
export function isZeroScalar(scalar: Uint8Array): boolean {
  return isZero(scalar);
}
