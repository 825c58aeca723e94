import { CodedError } from '@coffer/base';

/**
 * What was offered is wrong: `bad-entry` (undecodable, or of another fleet or group), `not-next` (does not extend the
 * tip), `bad-leaves` (not the leaves that the entry names), `bad-root` (the leaves do not lead to the root that the entry
 * or certificate names), `bad-certificate` (undecodable, or for something else), `forked` (a branch that
 * leaves out the newest certified entry: a deposed leader still offers one), `older-snapshot` (behind what is committed
 * here), `no-such-group`.
 *
 * `certificates-differ`: another certificate for the same index is kept. All certificates lie on one chain, so either the
 * kept one is not what was written, or a quorum of HSMs is broken: an alarm, never a race.
 *
 * What is held does not allow it: `undo-full` (too many entries without a certificate), `undo-missing` (a rewind below
 * what is committed), `corrupt` (the file is damaged), `other-fleet` and `unknown-schema` (not this fleet's file, or not
 * this version's).
 */
export type ReplicaErrorCode =
  | 'bad-entry'
  | 'not-next'
  | 'bad-leaves'
  | 'bad-root'
  | 'bad-certificate'
  | 'forked'
  | 'certificates-differ'
  | 'older-snapshot'
  | 'no-such-group'
  | 'undo-full'
  | 'undo-missing'
  | 'corrupt'
  | 'other-fleet'
  | 'unknown-schema';

/** The call has changed nothing. Failures of the disk arrive as SqliteError and have changed nothing either. */
export class ReplicaError extends CodedError<ReplicaErrorCode> {}
