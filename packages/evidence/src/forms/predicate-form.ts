import { type Json, JsonForm } from '@coffer/wire';
import { EvidenceError } from '../errors.js';
import { shortTextMax } from '../limits.js';

/** How one kind of predicate is written and read. */
export interface PredicateForm<P> {
  encode(predicate: P): Json;
  /** @throws EvidenceError `bad-statement`, or `bad-ceremony` for a ceremony. */
  decode(json: Json): P;
}

export const statementForm = new JsonForm((what, cause) => new EvidenceError('bad-statement', what, { cause }));

/** Sites, as descriptors name them. */
export const sitePattern = /^[a-z0-9-]{1,32}$/;
/** Anything that prints, on one line. */
export const shortTextPattern = new RegExp(`^[^\\p{C}\\p{Zl}\\p{Zp}]{1,${shortTextMax}}$`, 'u');
/** A Git object name. */
export const gitHashPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
