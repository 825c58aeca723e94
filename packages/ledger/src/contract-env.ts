import { hex, utf8 } from '@coffer/base';
import type { Term } from '@coffer/protocol';
import { LedgerError, type LedgerErrorCode } from './errors.js';
import type { Ledger, LedgerFleet, LedgerPosition, LedgerRow } from './ledger.js';

/** What an engine's test gives each case: one fresh ledger made for {@link contractFleet}. */
export interface LedgerEnv {
  /** Another handle on the same ledger, as another process would open it. Whoever made the environment closes it. */
  open(): Promise<Ledger>;
  /** Lets `ms` pass on the clock by which the engine counts leases, and lets polling watches look again. */
  pass(ms: number): Promise<void>;
}

/** One promise of the contract. `run` rejects if the engine breaks it. */
export interface LedgerContractCase {
  readonly name: string;
  run(env: LedgerEnv): Promise<void>;
}

/** The fleet whose ledger every case expects: three groups. */
export const contractFleet: LedgerFleet = {
  configHash: pattern('config', 0n),
  genesis: [pattern('genesis', 0n), pattern('genesis', 1n), pattern('genesis', 2n)],
};

/** An ordinary term: leader 1 in round 1. */
export const term1: Term = { round: 1n, leaderId: 1 };
/** Above `term1`. */
export const term2: Term = { round: 2n, leaderId: 2 };
/** Above `term2`. */
export const term3: Term = { round: 3n, leaderId: 1 };

/** 32 bytes that differ for different labels and numbers; engines do not recompute hashes, so these need not be any. */
export function pattern(label: string, number: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  let state = 0x811c9dc5;
  const text = utf8(`${label}/${number}`);
  for (let i = 0; i < bytes.length; i++) {
    for (const byte of text) state = Math.imul(state ^ byte ^ i, 0x01000193) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Position of group `group`'s empty log. */
export function genesisOf(group: number): LedgerPosition {
  return { index: 0n, hash: contractFleet.genesis[group] as Uint8Array };
}

/** `count` rows that chain from `base`, on a branch named `branch`. */
export function chain(base: LedgerPosition, term: Term, count: number, branch = 'main', bodyBytes = 40): LedgerRow[] {
  const rows: LedgerRow[] = [];
  let previous = base;
  for (let i = 0; i < count; i++) {
    const index = previous.index + 1n;
    const hash = pattern(`${branch}/${term.round}/${term.leaderId}`, index);
    const body = new Uint8Array(bodyBytes).fill(hash[0] as number);
    const row: LedgerRow = { index, hash, prevHash: previous.hash, term, body };
    rows.push(row);
    previous = row;
  }
  return rows;
}

/** Raises `term` and appends `count` rows at the tail. @returns the rows. */
export async function grow(
  ledger: Ledger,
  group: number,
  term: Term,
  count: number,
  branch = 'main',
): Promise<LedgerRow[]> {
  expectEqual(await ledger.raiseTerm(group, term), 'raised', 'raiseTerm');
  const tail = await ledger.tail(group);
  const rows = chain(tail, term, count, branch);
  expectEqual(await ledger.append(group, term, tail, rows), 'appended', 'append');
  return rows;
}

/** Every row from the first one kept after `fromIndex`. */
export async function readAll(ledger: Ledger, group: number, fromIndex = 1n): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (;;) {
    const more = await ledger.read(group, fromIndex + BigInt(rows.length), 64);
    if (more.length === 0) return rows;
    rows.push(...more);
  }
}

/** Fails the case unless `actual` and `expected` are equal all the way down. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [shown(actual), shown(expected)];
  if (a !== b) throw new Error(`${what}: expected ${cut(b)}, got ${cut(a)}`);
}

/** Fails the case unless `promise` rejects with a LedgerError of `code`. */
export async function expectCode(promise: Promise<unknown>, code: LedgerErrorCode, what: string): Promise<void> {
  let outcome: unknown;
  try {
    outcome = await promise;
  } catch (error) {
    if (error instanceof LedgerError) {
      expectEqual(error.code, code, what);
      return;
    }
    throw new Error(`${what}: expected LedgerError ${code}`, { cause: error });
  }
  throw new Error(`${what}: expected LedgerError ${code}, got ${cut(shown(outcome))}`);
}

/** Fails the case unless the group's log holds exactly `rows` and ends there. */
export async function expectLog(
  ledger: Ledger,
  group: number,
  rows: readonly LedgerRow[],
  what: string,
): Promise<void> {
  expectEqual(await readAll(ledger, group, rows[0]?.index ?? 1n), rows, what);
  const { index, hash } = await ledger.tail(group);
  const last = rows[rows.length - 1] ?? genesisOf(group);
  expectEqual({ index, hash }, { index: last.index, hash: last.hash }, `${what}: tail`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (inner instanceof Uint8Array) return inner.length > 64 ? digest(inner) : hex(inner);
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    return inner;
  });
}

/** Stands for long bytes, whose hexadecimal would be megabytes. */
function digest(bytes: Uint8Array): string {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  return `${bytes.length} bytes ${state}`;
}

function cut(text: string | undefined): string {
  return (text ?? 'undefined').slice(0, 400);
}
