import { CodedError } from '@coffer/base';

/**
 * What was offered is wrong: `bad-entry` (undecodable, or of another fleet or group), `not-next` (does not extend the
 * tip), `bad-leaves` (not the leaves that the entry names), `bad-root` (the leaves do not lead to the root that the entry
 * or certificate names), `bad-certificate` (undecodable, or for something else), `forked` (contradicts the newest
 * certificate), `older-snapshot` (behind what is committed here), `no-such-group`.
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
  | 'older-snapshot'
  | 'no-such-group'
  | 'undo-full'
  | 'undo-missing'
  | 'corrupt'
  | 'other-fleet'
  | 'unknown-schema';

/** The call has changed nothing. Failures of the disk arrive as SqliteError and have changed nothing either. */
export class ReplicaError extends CodedError<ReplicaErrorCode> {}
