import {
  chain,
  expectCode,
  expectEqual,
  expectLog,
  genesisOf,
  grow,
  type LedgerContractCase,
  pattern,
  term1,
  term2,
} from './contract-env.js';
import type { LedgerErrorCode } from './errors.js';
import type { LedgerRow } from './ledger.js';
import { appendBytesMax, appendRowsMax, indexMax, readRowsMax, rowBytesMax } from './limits.js';

type Change = (rows: LedgerRow[]) => LedgerRow[];

function changed(at: number, change: Partial<LedgerRow>): Change {
  return (rows) => rows.map((row, i) => (i === at ? { ...row, ...change } : row));
}

/** Three rows, of which one thing is wrong. */
const malformed: readonly [string, LedgerErrorCode, Change][] = [
  ['no rows', 'over-limit', () => []],
  ['a short hash', 'bad-row', changed(2, { hash: new Uint8Array(31) })],
  ['a long hash', 'bad-row', changed(2, { hash: new Uint8Array(33) })],
  ['a short predecessor', 'bad-row', changed(1, { prevHash: new Uint8Array(0) })],
  ['a broken chain', 'bad-row', changed(1, { prevHash: pattern('elsewhere', 1n) })],
  ['a gap', 'bad-row', changed(2, { index: 7n })],
  ['an index twice', 'bad-row', changed(2, { index: 3n })],
  ['rows in the wrong order', 'bad-row', (rows) => [...rows].reverse()],
  ['index 0', 'bad-row', changed(0, { index: 0n })],
  ['an index below 0', 'bad-row', changed(0, { index: -1n })],
  ['a term over u64', 'over-limit', changed(1, { term: { round: 1n << 64n, leaderId: 1 } })],
  ['a term that falls', 'bad-row', changed(1, { term: { round: 0n, leaderId: 1 } })],
  ['a term above the caller', 'bad-row', changed(2, { term: term2 })],
  ['a body that is too large', 'over-limit', changed(1, { body: new Uint8Array(rowBytesMax + 1) })],
];

/** Limits at their edges, and calls that are refused. */
export const limitCases: readonly LedgerContractCase[] = [
  {
    name: 'malformed rows are refused and change nothing',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 1);
      const tail = rows[0] as LedgerRow;
      for (const [name, code, change] of malformed) {
        const wrong = change(chain(tail, term1, 3));
        await expectCode(ledger.append(0, term1, tail, wrong), code, `append: ${name}`);
        await expectCode(ledger.restore(0, term1, wrong), code, `restore: ${name}`);
      }
      const elsewhere = chain({ index: 9n, hash: tail.hash }, term1, 1);
      await expectCode(ledger.append(0, term1, tail, elsewhere), 'bad-row', 'rows elsewhere than expectedTail');
      const short = { index: 1n, hash: tail.hash.subarray(1) };
      await expectCode(ledger.append(0, term1, short, chain(short, term1, 1)), 'over-limit', 'a short expectedTail');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
  {
    name: 'an append takes so many rows and no more',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term1);
      const rows = chain(genesisOf(0), term1, appendRowsMax + 1);
      await expectCode(ledger.append(0, term1, genesisOf(0), rows), 'over-limit', 'one row too many');
      await expectLog(ledger, 0, [], 'empty');
      rows.pop();
      expectEqual(await ledger.append(0, term1, genesisOf(0), rows), 'appended', 'the most rows');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
  {
    name: 'an append takes so many bytes and no more',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term1);
      const rows = chain(genesisOf(0), term1, appendBytesMax / rowBytesMax, 'large', rowBytesMax);
      const tail = rows[rows.length - 1] as LedgerRow;
      const over = [...rows, ...chain(tail, term1, 1, 'small', 1)];
      await expectCode(ledger.append(0, term1, genesisOf(0), over), 'over-limit', 'one byte too many');
      expectEqual(await ledger.append(0, term1, genesisOf(0), rows), 'appended', 'the most bytes');
      const empty = chain(tail, term1, 1, 'empty', 0);
      expectEqual(await ledger.append(0, term1, tail, empty), 'appended', 'an empty body');
      await expectLog(ledger, 0, [...rows, ...empty], 'log');
    },
  },
  {
    name: 'a log ends at the greatest index',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term1);
      const base = { index: indexMax - 2n, hash: pattern('far', 0n) };
      const rows = chain(base, term1, 2);
      expectEqual(await ledger.restore(0, term1, rows), 'restored', 'up to the end');
      await expectLog(ledger, 0, rows, 'log');
      const tail = rows[1] as LedgerRow;
      await expectCode(ledger.append(0, term1, tail, chain(tail, term1, 1)), 'over-limit', 'past the end');
    },
  },
  {
    name: 'reads and groups have limits',
    async run(env) {
      const ledger = await env.open();
      for (const limit of [0, -1, 1.5, readRowsMax + 1]) {
        await expectCode(ledger.read(0, 1n, limit), 'over-limit', `limit ${limit}`);
      }
      expectEqual(await ledger.read(0, 1n, readRowsMax), [], 'the most rows');
      await expectCode(ledger.read(0, -5n, 1), 'trimmed', 'below 0');
      for (const group of [-1, 3, 0.5]) {
        await expectCode(ledger.tail(group), 'over-limit', `tail of group ${group}`);
        await expectCode(ledger.read(group, 1n, 1), 'over-limit', `read of group ${group}`);
        await expectCode(ledger.raiseTerm(group, term1), 'over-limit', `raiseTerm of group ${group}`);
        await expectCode(ledger.trim(group, 1n), 'over-limit', `trim of group ${group}`);
        await expectCode(ledger.lease.acquire(group, 1, 1_000), 'over-limit', `lease of group ${group}`);
      }
    },
  },
];
