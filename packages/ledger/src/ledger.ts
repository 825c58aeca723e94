import type { Term } from '@coffer/protocol';

export { compareTerms, type Term } from '@coffer/protocol';

/** A place in a group's log: `index` from 0 (the empty log), `hash` 32 bytes, the entry's hash or the group's genesis. */
export interface LedgerPosition {
  readonly index: bigint;
  readonly hash: Uint8Array;
}

/** One entry of a group's log, as the engine sees it: a position, its predecessor's hash, and opaque bytes. */
export interface LedgerRow extends LedgerPosition {
  /** Hash of the entry at `index - 1`, 32 bytes. */
  readonly prevHash: Uint8Array;
  /** Term of the entry's leader. Never falls along a log. */
  readonly term: Term;
  /** Encoded signed entry and changed leaves, 0 to `rowBytesMax` bytes. An engine never looks inside. */
  readonly body: Uint8Array;
}

/** Where a group's log ends, and the highest term that was raised for it (not the last row's term). */
export interface LedgerTail extends LedgerPosition {
  readonly term: Term;
}

/** Whose log it is. An engine refuses storage that was made for another fleet. */
export interface LedgerFleet {
  /** Hash of the fleet's configuration, 32 bytes. */
  readonly configHash: Uint8Array;
  /** Hash of the empty log of each group, 32 bytes each, 1 to `groupsMax` of them; group `g` is the g-th. */
  readonly genesis: readonly Uint8Array[];
}

/** Who holds a group's leader lease, and how many milliseconds (more than 0) are left of it. */
export interface LeaseState {
  readonly holder: number;
  readonly expiresInMs: number;
}

/**
 * A hint about who should lead, so that agents do not fight. It fences nothing: terms do that, and two agents that
 * both believe to hold it cost time and nothing else.
 */
export interface LeaderLease {
  /**
   * Takes the lease if it is free, expired or already `holder`'s (which renews it from now); else tells who has it. An engine
   * that goes by a clock that can be set counts a lease from its own future as expired.
   * @param holder - leader id, u16. @param ttlMs - 1 to `leaseMsMax`.
   * @throws LedgerError `over-limit`, `unavailable`.
   */
  acquire(group: number, holder: number, ttlMs: number): Promise<LeaseState>;
  /** Frees the lease if `holder` has it; else does nothing. @throws LedgerError `over-limit`, `unavailable`. */
  release(group: number, holder: number): Promise<void>;
}

/**
 * The untrusted ordered log of each group of a fleet, on an existing engine (docs/spec/consensus.md, "What the hosts do").
 *
 * The engine orders rows, makes them durable and fences old leaders; whether any of it is true is for the HSMs to
 * check, so that a ledger that lies can stop a group and do nothing else. Each write is one atomic step: it happens
 * whole and durably before its promise resolves, or not at all. After `unavailable` the outcome is unknown, and the same
 * call may be made again. The arrays that go in and come out are never shared with the engine.
 *
 * Every method throws LedgerError `over-limit` for a group outside the fleet and `unavailable` when the engine cannot
 * be reached or the handle is closed.
 */
export interface Ledger {
  /** End of the log. Empty: index 0, the group's genesis hash; no term raised yet: `{ round: 0n, leaderId: 0 }`. */
  tail(group: number): Promise<LedgerTail>;

  /**
   * Fences every leader of a lower term: from now on their writes return `fenced`.
   * @returns `raised` if `term` is above the raised one, or equal to it (the same leader asks again);
   *   `superseded` if a higher one is raised.
   */
  raiseTerm(group: number, term: Term): Promise<'raised' | 'superseded'>;

  /**
   * Appends rows to the log if it ends at `expectedTail`; one durable compare-and-append.
   *
   * A retry after an unknown outcome is safe: if exactly these rows already follow `expectedTail`, whatever follows
   * them, the answer is `appended` and nothing is written.
   *
   * @param term - the caller's, which it has raised. @param rows - 1 to `appendRowsMax`, `appendBytesMax` in all,
   *   chained from `expectedTail`, each carrying `term`.
   * @returns `fenced` if the raised term is not `term` (the caller has lost its lead, or the engine has lost the term);
   *   `conflict` if the log ends elsewhere.
   * @throws LedgerError `bad-row`, `over-limit`; nothing has changed.
   */
  append(
    group: number,
    term: Term,
    expectedTail: LedgerPosition,
    rows: readonly LedgerRow[],
  ): Promise<'appended' | 'fenced' | 'conflict'>;

  /**
   * Rows from `fromIndex` on, in order and without gaps; empty past the tail. May return fewer than `limit` (see
   * `readBytesMax`) but never none while there are some.
   * @param fromIndex - 1 or more. @param limit - 1 to `readRowsMax`.
   * @throws LedgerError `trimmed` if `fromIndex` is below the window (index 0 always is), `corrupt`.
   */
  read(group: number, fromIndex: bigint, limit: number): Promise<LedgerRow[]>;

  /**
   * Calls `onChange` some time after the group's tail or raised term has changed, also by another process. Best effort:
   * changes are merged, a call may come without a change, none comes from inside `watch` itself. An engine may poll.
   * @returns a function that stops it; no call comes after that.
   */
  watch(group: number, onChange: () => void): () => void;

  /**
   * Removes every row after `base`. The caller holds a quorum certificate for the base of NewView(`term`); before one
   * exists nothing may be removed, because an unreachable HSM may have captured it. The engine checks only term and
   * position, and may keep `proof` for whoever audits the ledger.
   *
   * Safe to repeat: rows that carry `term` were appended after the truncation and stay.
   *
   * @param term - the caller's, which it has raised. @param proof - encoded certificate, at most `proofBytesMax`.
   * @returns `truncated` also if there was nothing to remove; `fenced` as for `append`; `conflict` if `base` is not in
   *   the log or is below the window.
   */
  truncateAfter(
    group: number,
    term: Term,
    base: LedgerPosition,
    proof: Uint8Array,
  ): Promise<'truncated' | 'fenced' | 'conflict'>;

  /**
   * Repair: puts the exact bytes back when the log ends before what HSMs have captured (a failover that lost
   * transactions, a restored dump).
   *
   * Unlike `append` the rows carry the terms under which they were first written, none above `term`. They chain onto
   * the current tail; only a group whose log is empty takes them from any index on, because a ledger that was lost
   * whole is refilled from the window that the replicas keep. Safe to repeat like `append`.
   *
   * @param rows - 1 to `appendRowsMax`, `appendBytesMax` in all.
   * @returns `conflict` if the rows do not chain onto the tail.
   * @throws LedgerError `bad-row`, `over-limit`; nothing has changed.
   */
  restore(group: number, term: Term, rows: readonly LedgerRow[]): Promise<'restored' | 'fenced' | 'conflict'>;

  /**
   * Forgets rows up to and including `upToIndex`, which every replica must hold by then. The position of the tail is
   * kept whatever is trimmed; an index past the tail counts as the tail, one below the window changes nothing.
   */
  trim(group: number, upToIndex: bigint): Promise<void>;

  /** Who should lead. */
  readonly lease: LeaderLease;

  /** Stops watches and frees the handle; the log and its other handles are untouched. Safe to repeat. */
  close(): Promise<void>;
}
