import { CodedError } from '@coffer/base';

/**
 * - `unreachable`: no complete answer, or a status that says neither yes nor no. Try again later.
 * - `not-published`: the log answers that it has no such thing.
 * - `too-large`: an answer over the limit of what was asked for.
 * - `bad-log`: what was published does not fit together: a tile, leaf or artifact that the checkpoint does not cover.
 * - `bad-size`: a size that the log has not reached.
 */
export type PublicationErrorCode = 'unreachable' | 'not-published' | 'too-large' | 'bad-log' | 'bad-size';

/** A published log cannot be read, or says something else than its own checkpoint. */
export class PublicationError extends CodedError<PublicationErrorCode> {}
