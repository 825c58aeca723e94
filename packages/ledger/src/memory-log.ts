import { equalBytes } from '@coffer/base';
import { compareTerms, type Term } from '@coffer/protocol';
import { LedgerError } from './errors.js';
import type { LedgerPosition, LedgerRow } from './ledger.js';
import { readBytesMax } from './limits.js';
import { copyRow, isSamePosition, isSameRow } from './rows.js';

/** One group's log in memory. Arguments are checked by then; every method takes effect at once. */
export class MemoryLog {
  term: Term = { round: 0n, leaderId: 0 };
  lease: { readonly holder: number; readonly grantedMs: number; readonly expiryMs: number } | undefined;
  /** Position just below the first row: the genesis, or where the log was trimmed. */
  #floor: LedgerPosition;
  #rows: LedgerRow[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(genesis: Uint8Array) {
    this.#floor = { index: 0n, hash: genesis.slice() };
  }

  /** The same log once more, without its lease and watchers: what a dump of it holds when it is restored elsewhere. */
  copy(): MemoryLog {
    const copy = new MemoryLog(this.#floor.hash);
    copy.term = this.term;
    copy.#floor = this.#floor;
    copy.#rows = this.#rows.map(copyRow);
    return copy;
  }

  get tail(): LedgerPosition {
    return this.#rows[this.#rows.length - 1] ?? this.#floor;
  }

  raise(term: Term): boolean {
    const order = compareTerms(term, this.term);
    if (order > 0) {
      this.term = { round: term.round, leaderId: term.leaderId };
      this.#changed();
    }
    return order >= 0;
  }

  /** Adds `rows` at the tail, or finds them already there. */
  extend(rows: readonly LedgerRow[]): boolean {
    if (this.#holds(rows)) return true;
    const first = rows[0] as LedgerRow;
    const { index, hash } = this.tail;
    if (first.index !== index + 1n || !equalBytes(first.prevHash, hash)) return false;
    for (const row of rows) this.#rows.push(copyRow(row));
    this.#changed();
    return true;
  }

  /** Like `extend`; an empty log takes rows from any index on. */
  refill(rows: readonly LedgerRow[]): boolean {
    const first = rows[0] as LedgerRow;
    if (this.tail.index === 0n && first.index > 1n) {
      this.#floor = { index: first.index - 1n, hash: first.prevHash.slice() };
    }
    return this.extend(rows);
  }

  read(fromIndex: bigint, limit: number): LedgerRow[] {
    if (fromIndex <= this.#floor.index) throw new LedgerError('trimmed', 'below the window');
    const rows: LedgerRow[] = [];
    let bytes = 0;
    const first = this.#at(fromIndex);
    for (const row of this.#rows.slice(first, first + limit)) {
      bytes += row.body.length;
      if (rows.length > 0 && bytes > readBytesMax) break;
      rows.push(copyRow(row));
    }
    return rows;
  }

  /** Removes what follows `base`, unless it was appended under `term` itself. */
  cut(term: Term, base: LedgerPosition): boolean {
    const known = base.index === this.#floor.index ? this.#floor : this.#row(base.index);
    if (known === undefined || !isSamePosition(known, base)) return false;
    const next = this.#row(base.index + 1n);
    if (next === undefined || compareTerms(next.term, term) >= 0) return true;
    this.#rows.length = this.#at(base.index + 1n);
    this.#changed();
    return true;
  }

  trim(upToIndex: bigint): void {
    const tail = this.tail;
    const last = upToIndex < tail.index ? this.#row(upToIndex) : tail;
    if (last === undefined) return;
    this.#rows = this.#rows.slice(this.#at(last.index + 1n));
    this.#floor = { index: last.index, hash: last.hash };
  }

  watch(onChange: () => void): () => void {
    const watcher = (): void => onChange();
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #holds(rows: readonly LedgerRow[]): boolean {
    return rows.every((row) => {
      const mine = this.#row(row.index);
      return mine !== undefined && isSameRow(mine, row);
    });
  }

  #at(index: bigint): number {
    const at = index - this.#floor.index - 1n;
    return at > BigInt(this.#rows.length) ? this.#rows.length : Number(at);
  }

  #row(index: bigint): LedgerRow | undefined {
    return index <= this.#floor.index ? undefined : this.#rows[this.#at(index)];
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) {
      // Not from inside the call that changed the log: its caller has not seen its own result yet.
      void Promise.resolve().then(() => {
        if (this.#watchers.has(watcher)) watcher();
      });
    }
  }
}
