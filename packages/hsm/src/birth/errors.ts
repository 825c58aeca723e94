import { CodedError } from '@coffer/base';
import type { BirthRefusalCode } from './birth-api.js';

/** A request that an HSM does not carry out. Thrown before anything has changed; becomes a `birth.refused`. */
export class BirthRefusal extends CodedError<BirthRefusalCode> {}

export function refuseBirth(code: BirthRefusalCode, message: string): never {
  throw new BirthRefusal(code, message);
}
