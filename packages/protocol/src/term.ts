import { struct, u16, u64 } from '@coffer/wire';

/** One leadership of one group: `leaderId` is the member who may lead it. Compared as a pair, round first. */
export interface Term {
  readonly round: bigint;
  readonly leaderId: number;
}

/** Below every real term: what an HSM that has seen nothing has promised. */
export const termZero: Term = { round: 0n, leaderId: 0 };

export const termLayout = struct<Term>({ round: u64, leaderId: u16 });

/** Negative, zero or positive, like a sort comparator. */
export function compareTerms(a: Term, b: Term): number {
  if (a.round !== b.round) return a.round < b.round ? -1 : 1;
  return a.leaderId - b.leaderId;
}
