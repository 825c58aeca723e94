import { equalBytes } from '@coffer/base';
import { compareTerms } from '@coffer/protocol';
import type { LedgerPosition, LedgerRow } from './ledger.js';

/** Whether two rows are the same, byte for byte. */
export function isSameRow(a: LedgerRow, b: LedgerRow): boolean {
  return (
    isSamePosition(a, b) &&
    equalBytes(a.prevHash, b.prevHash) &&
    compareTerms(a.term, b.term) === 0 &&
    equalBytes(a.body, b.body)
  );
}

/** Whether two positions name the same entry. */
export function isSamePosition(a: LedgerPosition, b: LedgerPosition): boolean {
  return a.index === b.index && equalBytes(a.hash, b.hash);
}

/** A copy of `row` that shares no array with it. */
export function copyRow(row: LedgerRow): LedgerRow {
  return {
    index: row.index,
    hash: row.hash.slice(),
    prevHash: row.prevHash.slice(),
    term: { round: row.term.round, leaderId: row.term.leaderId },
    body: row.body.slice(),
  };
}
