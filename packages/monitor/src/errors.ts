import { CodedError } from '@coffer/base';

/**
 * `unreachable` no answer, one that broke off, or a status that is neither 200 nor 404 · `too-large` an answer over its
 * limit · `bad-url` not the address of an origin.
 */
export type MonitorErrorCode = 'unreachable' | 'too-large' | 'bad-url';

/** What a source throws. Findings about a log are doubts, not errors. */
export class MonitorError extends CodedError<MonitorErrorCode> {}
