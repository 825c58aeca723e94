import { equalBytes } from '@coffer/base';
import { compareTerms, type Term } from '@coffer/protocol';
import { LedgerError } from './errors.js';
import type { LedgerFleet, LedgerPosition, LedgerRow } from './ledger.js';
import {
  appendBytesMax,
  appendRowsMax,
  groupsMax,
  hashBytes,
  indexMax,
  leaseMsMax,
  proofBytesMax,
  readRowsMax,
  rowBytesMax,
} from './limits.js';

/**
 * What an engine checks before it touches its storage, so that every engine refuses the same calls with the same codes.
 * Each function returns nothing and throws LedgerError `over-limit` or `bad-row`.
 */

const roundMax = (1n << 64n) - 1n;
const leaderIdMax = 0xffff;

function overLimit(what: string): never {
  throw new LedgerError('over-limit', what);
}

function badRow(what: string): never {
  throw new LedgerError('bad-row', what);
}

/** A fleet has 1 to `groupsMax` groups and hashes of 32 bytes. @throws LedgerError `over-limit`. */
export function checkFleet(fleet: LedgerFleet): void {
  if (fleet.genesis.length < 1 || fleet.genesis.length > groupsMax) overLimit(`a fleet has 1 to ${groupsMax} groups`);
  for (const hash of [fleet.configHash, ...fleet.genesis]) {
    if (hash.length !== hashBytes) overLimit(`a hash has ${hashBytes} bytes`);
  }
}

/** `group` is one of the fleet's. @throws LedgerError `over-limit`. */
export function checkGroup(fleet: LedgerFleet, group: number): void {
  if (!Number.isInteger(group) || group < 0 || group >= fleet.genesis.length) overLimit('no such group');
}

/** A round is a u64, a leader id a u16. @throws LedgerError `over-limit`. */
export function checkTerm(term: Term): void {
  if (term.round < 0n || term.round > roundMax) overLimit('a round is a u64');
  checkLeaderId(term.leaderId);
}

/** @throws LedgerError `over-limit` unless `position` is one that a log can have. */
export function checkPosition(position: LedgerPosition): void {
  if (position.index < 0n || position.index > indexMax) overLimit('index');
  if (position.hash.length !== hashBytes) overLimit(`a hash has ${hashBytes} bytes`);
}

/** @throws LedgerError `over-limit` for sizes, `bad-row` for rows that do not chain from `tail` under `term`. */
export function checkAppend(term: Term, tail: LedgerPosition, rows: readonly LedgerRow[]): void {
  checkTerm(term);
  checkPosition(tail);
  checkRows(rows);
  const first = rows[0] as LedgerRow;
  if (first.index !== tail.index + 1n || !equalBytes(first.prevHash, tail.hash)) badRow('rows do not follow the tail');
  for (const row of rows) if (compareTerms(row.term, term) !== 0) badRow("a row is not of the caller's term");
}

/** @throws LedgerError `over-limit` for sizes, `bad-row` for rows that do not chain or are above `term`. */
export function checkRestore(term: Term, rows: readonly LedgerRow[]): void {
  checkTerm(term);
  checkRows(rows);
  const last = rows[rows.length - 1] as LedgerRow;
  if (compareTerms(last.term, term) > 0) badRow("a row is above the caller's term");
}

/** @throws LedgerError `over-limit`. */
export function checkTruncate(term: Term, base: LedgerPosition, proof: Uint8Array): void {
  checkTerm(term);
  checkPosition(base);
  if (proof.length > proofBytesMax) overLimit(`a proof has at most ${proofBytesMax} bytes`);
}

/** @throws LedgerError `over-limit`. An index below 1 is for the engine to call `trimmed`. */
export function checkRead(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > readRowsMax) overLimit(`a read is of 1 to ${readRowsMax} rows`);
}

/** @throws LedgerError `over-limit`. */
export function checkLease(holder: number, ttlMs: number): void {
  checkLeaderId(holder);
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > leaseMsMax) overLimit(`a lease is of 1 to ${leaseMsMax} ms`);
}

/** @throws LedgerError `over-limit` unless `leaderId` is a u16. */
export function checkLeaderId(leaderId: number): void {
  if (!Number.isInteger(leaderId) || leaderId < 0 || leaderId > leaderIdMax) overLimit('a leader id is a u16');
}

function checkRows(rows: readonly LedgerRow[]): void {
  if (rows.length < 1 || rows.length > appendRowsMax) overLimit(`1 to ${appendRowsMax} rows at once`);
  let bytes = 0;
  let previous: LedgerRow | undefined;
  for (const row of rows) {
    if (row.body.length > rowBytesMax) overLimit(`a body has at most ${rowBytesMax} bytes`);
    bytes += row.body.length;
    checkTerm(row.term);
    if (row.hash.length !== hashBytes || row.prevHash.length !== hashBytes) badRow(`a hash has ${hashBytes} bytes`);
    if (row.index < 1n) badRow('rows start at index 1');
    if (row.index > indexMax) overLimit('index');
    if (previous !== undefined) checkNext(previous, row);
    previous = row;
  }
  if (bytes > appendBytesMax) overLimit(`at most ${appendBytesMax} bytes at once`);
}

function checkNext(previous: LedgerRow, row: LedgerRow): void {
  if (row.index !== previous.index + 1n || !equalBytes(row.prevHash, previous.hash)) badRow('rows do not chain');
  if (compareTerms(row.term, previous.term) < 0) badRow('a term falls');
}
