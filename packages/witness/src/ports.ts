/** Where a witness remembers what it cosigned. One process at a time uses it. */
export interface WitnessStore {
  /** @returns what was stored for this log last, or undefined when nothing was. */
  read(origin: string): Uint8Array | undefined;
  /**
   * Stores `bytes` for this log in place of what was there, atomically, and durably before it returns. After a crash
   * either the old or the new bytes are there, whole.
   */
  write(origin: string, bytes: Uint8Array): void;
}

/** What happened, for a log line or a counter. Holds no key and no bytes of a request but the names of watched logs. */
export type WitnessEvent =
  | { readonly type: 'cosigned'; readonly origin: string; readonly size: number; readonly isNew: boolean }
  | { readonly type: 'refused'; readonly status: number }
  /**
   * A watched log signed a tree that was not shown to go on from the one that was cosigned. `held` and `shown` are the
   * signed notes. With `isProof` they are two trees of one size, and prove by themselves that the log forked; otherwise
   * the proof between them was wrong, which may be anybody's doing, and only the log's tiles tell.
   */
  | {
      readonly type: 'conflict';
      readonly origin: string;
      readonly held: Uint8Array;
      readonly shown: Uint8Array;
      readonly isProof: boolean;
    }
  | { readonly type: 'halted'; readonly cause: unknown };
