import { CodedError } from '@coffer/base';

/**
 * - `unavailable`: the engine cannot be reached, stays busy, or the handle is closed. A write may or may not have happened.
 * - `trimmed`: rows below the window were asked for; the replicas have them.
 * - `over-limit`: a group, count, size or time is outside the named limits. Nothing has changed.
 * - `bad-row`: rows that are not rows, do not chain, or carry a wrong term. Nothing has changed.
 * - `corrupt`: what the engine keeps is not what an append could have written.
 * - `other-fleet`: the storage holds the log of another fleet.
 */
export type LedgerErrorCode = 'unavailable' | 'trimmed' | 'over-limit' | 'bad-row' | 'corrupt' | 'other-fleet';

/** What every engine throws. `fenced`, `conflict` and `superseded` are outcomes and are returned, never thrown. */
export class LedgerError extends CodedError<LedgerErrorCode> {}
