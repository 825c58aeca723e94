import { equalBytes } from '@coffer/base';
import { compareTerms, type EntryHash, type Position, type Term } from '@coffer/protocol';
import type { ReleasedEntry } from './host-api.js';

/** Replies of entries that this HSM executed and no majority is known to have captured yet. Sealed to their clients. */
export interface KeptEntry extends ReleasedEntry {
  readonly term: Term;
}

/** The kept replies of one group, oldest entry first: a chain of entries of this HSM alone. */
export class KeptReplies {
  #entries: KeptEntry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  add(entry: KeptEntry): void {
    this.#entries.push(entry);
  }

  /**
   * Rule 10: what is at or below a position is kept only if exactly that entry is there; otherwise the history went
   * another way, and every reply that waits belongs to a batch that never happened. (docs/model: clause Retain)
   */
  retain(position: Position): void {
    this.#entries = this.#find(position) === undefined ? [] : this.#entries.filter((e) => e.index <= position.index);
  }

  /**
   * Rule 6: hands out, and forgets, the replies of every entry up to the certified one. Never by index alone: a
   * certificate for another entry at that index says nothing about ours. (docs/model: clause Release)
   * @returns undefined when exactly that entry is not kept, or the certificate is older than it.
   */
  release(certified: Position & { readonly term: Term }): ReleasedEntry[] | undefined {
    const found = this.#find(certified);
    if (found === undefined || compareTerms(certified.term, found.term) < 0) return undefined;
    const released = this.#entries.filter((e) => e.index <= found.index);
    this.#entries = this.#entries.filter((e) => e.index > found.index);
    return released.map(({ index, hash, replies }) => ({ index, hash, replies }));
  }

  #find({ index, hash }: { readonly index: bigint; readonly hash: EntryHash }): KeptEntry | undefined {
    return this.#entries.find((e) => e.index === index && equalBytes(e.hash, hash));
  }
}
