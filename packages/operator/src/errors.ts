import { CodedError } from '@coffer/base';

/**
 * - `nothing-changes` the newest epoch says all of it already, and what is to be removed is not listed · `unknown-fleet` no listed fleet has this id · `fleet-listed`
 *   another fleet of that id is · `fleet-revoked` a revoked fleet is never listed otherwise again · `no-fleet` none would be left.
 * - `log-doubted` an audit found something: nothing is built on it · `log-empty`, `log-begun` the first epoch is asked for as
 *   such, so that an auditor cannot have a second one made by showing no log.
 * - `not-published` the epoch is not in a checkpoint that a quorum cosigned, though the auditor said so.
 * - `not-a-root-key` this seed signs no trust root of this kind · `bad-plan` a trust root that breaks its rules.
 * - `gateway` a gateway does not answer, refuses, or still hands out an older epoch.
 */
export type OperatorErrorCode =
  | 'nothing-changes'
  | 'unknown-fleet'
  | 'fleet-listed'
  | 'fleet-revoked'
  | 'no-fleet'
  | 'log-doubted'
  | 'log-empty'
  | 'log-begun'
  | 'not-published'
  | 'not-a-root-key'
  | 'bad-plan'
  | 'gateway';

/** What this package throws beside AuditorError of the auditor's client. Never holds a key or a token. */
export class OperatorError extends CodedError<OperatorErrorCode> {}
