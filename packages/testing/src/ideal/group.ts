import type { GroupBackend } from '@coffer/crypto';
import { bytesOf, invert, isReduced, multiply, numberOf, reduce } from './ideal-field.js';

/**
 * A group of ristretto255's order in which the element of scalar a is the number a: every law of a group holds, and
 * everybody can divide. Stands for `#group` of `@coffer/crypto` in campaigns (`register.ts`).
 */
export const group: Omit<GroupBackend, 'name'> & { readonly name: 'ideal' } = {
  name: 'ideal',
  isEncoding: (element) => isReduced(numberOf(element)),
  multiply: (scalar, element) => bytesOf(multiply(numberOf(scalar), numberOf(element))),
  multiplyBase: (scalar) => scalar.slice(),
  elementFromUniform: (uniform) => bytesOf(reduce(numberOf(uniform))),
  reduceScalar: (wide) => bytesOf(reduce(numberOf(wide))),
  invertScalar: (scalar) => bytesOf(invert(numberOf(scalar))),
};
