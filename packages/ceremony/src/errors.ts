import { CodedError } from '@coffer/base';

/**
 * `bad-plan` a ceremony that cannot be held · `hsm-unavailable` an HSM does not answer · `hsm-refused` an HSM refuses its
 * part · `bad-answer` an HSM says what it must not · `not-led` a member leads no group, so that it cannot be tested ·
 * `guess-limit` a self-test found that the limit does not hold.
 */
export type CeremonyErrorCode =
  | 'bad-plan'
  | 'hsm-unavailable'
  | 'hsm-refused'
  | 'bad-answer'
  | 'not-led'
  | 'guess-limit';

/** A ceremony that ends here. What it has made is of no use: the next one starts with new HSMs. */
export class CeremonyError extends CodedError<CeremonyErrorCode> {}
