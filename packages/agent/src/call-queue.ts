import { hex } from '@coffer/base';
import { type RecordKey, type RoutedAnswer, recordKeyOf, type VaultId } from '@coffer/protocol';

/** A routed call that waits for its answer. */
export interface WaitingCall {
  readonly vaultId: VaultId;
  readonly recordKey: RecordKey;
  readonly request: Uint8Array;
  /** Called exactly once. */
  readonly answer: (answer: RoutedAnswer) => void;
}

/** The calls of one group that no batch has taken yet, oldest first. */
export class CallQueue {
  readonly #callsMax: number;
  #calls: WaitingCall[] = [];

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  get size(): number {
    return this.#calls.length;
  }

  /** @returns false when the queue is full: the caller answers `unavailable`. */
  add(indexKey: Uint8Array, call: Omit<WaitingCall, 'recordKey'>): boolean {
    if (this.#calls.length >= this.#callsMax) return false;
    this.#calls.push({ ...call, recordKey: recordKeyOf(indexKey, call.vaultId) });
    return true;
  }

  /**
   * Takes the oldest calls, one for each record: the HSM refuses a batch with two for one record, so a second one waits
   * for the next batch, in order.
   */
  take(callsMax: number): WaitingCall[] {
    const taken: WaitingCall[] = [];
    const left: WaitingCall[] = [];
    const records = new Set<string>();
    for (const call of this.#calls) {
      const record = hex(call.recordKey);
      if (taken.length < callsMax && !records.has(record)) taken.push(call);
      else left.push(call);
      // Also for one that stays: its record's calls keep their order.
      records.add(record);
    }
    this.#calls = left;
    return taken;
  }

  /** Puts calls back that a batch had no room for, before all others. */
  putBack(calls: readonly WaitingCall[]): void {
    this.#calls = [...calls, ...this.#calls];
  }

  /** Answers and forgets all. */
  drain(answer: RoutedAnswer): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call.answer(answer);
  }
}
