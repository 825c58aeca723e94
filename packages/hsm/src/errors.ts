import { CodedError } from '@coffer/base';
import type { RefusalCode } from './host-api.js';

/**
 * Why an HSM does not start: `no-state` identity without its state · `bad-state` state that does not authenticate or
 * decode · `other-fleet` state of another fleet or member · `already-member` an HSM that was to be born, and has been.
 */
export type HsmErrorCode = 'no-state' | 'bad-state' | 'other-fleet' | 'already-member';

export class HsmError extends CodedError<HsmErrorCode> {}

/** A host's request that an HSM does not carry out. Thrown before anything has changed; becomes a `refused` reply. */
export class Refusal extends CodedError<RefusalCode> {}

export function refuse(code: RefusalCode, message: string): never {
  throw new Refusal(code, message);
}
