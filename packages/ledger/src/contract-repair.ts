import {
  chain,
  expectCode,
  expectEqual,
  expectLog,
  genesisOf,
  grow,
  type LedgerContractCase,
  readAll,
  term1,
  term2,
  term3,
} from './contract-env.js';
import type { LedgerRow } from './ledger.js';
import { proofBytesMax } from './limits.js';

const proof = new Uint8Array(8).fill(7);

/** Truncation, restoring and trimming. */
export const repairCases: readonly LedgerContractCase[] = [
  {
    name: 'truncation removes what follows the base and the new leader goes on from there',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      const rows = await grow(a, 0, term1, 5);
      const base = rows[1] as LedgerRow;
      await b.raiseTerm(0, term2);
      expectEqual(await b.truncateAfter(0, term2, base, proof), 'truncated', 'truncate');
      await expectLog(a, 0, rows.slice(0, 2), 'truncated log');
      expectEqual(await b.truncateAfter(0, term2, base, proof), 'truncated', 'again');
      const more = await grow(b, 0, term2, 2);
      expectEqual(await b.truncateAfter(0, term2, base, proof), 'truncated', 'after new rows');
      await expectLog(a, 0, [...rows.slice(0, 2), ...more], 'rows of the new term stay');
    },
  },
  {
    name: 'truncation to the genesis empties the log',
    async run(env) {
      const ledger = await env.open();
      await grow(ledger, 0, term1, 3);
      await ledger.raiseTerm(0, term2);
      expectEqual(await ledger.truncateAfter(0, term2, genesisOf(0), proof), 'truncated', 'truncate');
      await expectLog(ledger, 0, [], 'log');
      await grow(ledger, 0, term2, 1, 'other');
    },
  },
  {
    name: 'truncation to a base that is not in the log is a conflict and changes nothing',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 3);
      await ledger.raiseTerm(0, term2);
      const wrong = [
        { index: 2n, hash: (rows[0] as LedgerRow).hash },
        { index: 4n, hash: (rows[2] as LedgerRow).hash },
        { index: 0n, hash: (rows[0] as LedgerRow).hash },
      ];
      for (const base of wrong) expectEqual(await ledger.truncateAfter(0, term2, base, proof), 'conflict', 'base');
      const large = new Uint8Array(proofBytesMax + 1);
      await expectCode(ledger.truncateAfter(0, term2, rows[0] as LedgerRow, large), 'over-limit', 'proof');
      await expectLog(ledger, 0, rows, 'log');
      expectEqual(
        await ledger.truncateAfter(0, term2, rows[0] as LedgerRow, large.subarray(1)),
        'truncated',
        'largest proof',
      );
    },
  },
  {
    name: 'restored rows keep their old terms and are put back once',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      const first = await grow(a, 0, term1, 2);
      await a.raiseTerm(0, term3);
      const lost = chain(first[1] as LedgerRow, term1, 2, 'lost');
      const later = chain(lost[1] as LedgerRow, term2, 1, 'lost');
      expectEqual(await a.restore(0, term3, [...lost, ...later]), 'restored', 'restore');
      expectEqual(await b.restore(0, term3, [...lost, ...later]), 'restored', 'again');
      expectEqual(await b.restore(0, term3, lost), 'restored', 'a part again');
      const more = await grow(b, 0, term3, 1);
      await expectLog(a, 0, [...first, ...lost, ...later, ...more], 'log');
    },
  },
  {
    name: 'rows that do not chain onto the tail are not restored',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 3);
      const tail = rows[2] as LedgerRow;
      await ledger.raiseTerm(0, term2);
      const gap = chain({ index: 4n, hash: tail.hash }, term1, 1);
      expectEqual(await ledger.restore(0, term2, gap), 'conflict', 'a gap');
      const fork = chain(rows[1] as LedgerRow, term1, 2, 'fork');
      expectEqual(await ledger.restore(0, term2, fork), 'conflict', 'a fork');
      const other = chain({ index: 3n, hash: genesisOf(0).hash }, term1, 1);
      expectEqual(await ledger.restore(0, term2, other), 'conflict', 'another predecessor');
      const foreign = chain({ index: 0n, hash: genesisOf(1).hash }, term1, 1);
      expectEqual(
        await ledger.restore(1, { round: 0n, leaderId: 0 }, chain(genesisOf(0), { round: 0n, leaderId: 0 }, 1)),
        'conflict',
        "another group's genesis",
      );
      expectEqual(await ledger.restore(0, term2, foreign), 'conflict', 'from the start');
      await expectCode(ledger.restore(0, term2, chain(tail, term3, 1)), 'bad-row', 'a term above the caller');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
  {
    name: 'a ledger that was lost whole is refilled from a window of the log',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term2);
      const base = { index: 700n, hash: (chain(genesisOf(0), term1, 1)[0] as LedgerRow).hash };
      const rows = chain(base, term1, 3);
      expectEqual(await ledger.restore(0, term2, rows.slice(0, 2)), 'restored', 'first part');
      expectEqual(await ledger.restore(0, term2, rows.slice(2)), 'restored', 'second part');
      await expectCode(ledger.read(0, 700n, 1), 'trimmed', 'below');
      const more = await grow(ledger, 0, term2, 1);
      await expectLog(ledger, 0, [...rows, ...more], 'log');
      expectEqual(await ledger.truncateAfter(0, term2, base, proof), 'truncated', 'down to where it starts');
      expectEqual((await ledger.tail(0)).index, 700n, 'tail');
    },
  },
  {
    name: 'trimming forgets the rows and keeps the log',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      const rows = await grow(a, 0, term1, 6);
      await a.trim(0, 4n);
      await a.trim(0, 2n);
      await a.trim(0, 0n);
      await expectCode(b.read(0, 4n, 1), 'trimmed', 'below the window');
      await expectLog(b, 0, rows.slice(4), 'window');
      expectEqual(await a.append(0, term1, genesisOf(0), rows.slice(0, 1)), 'conflict', 'repeat of trimmed rows');
      const more = await grow(b, 0, term1, 1);
      await b.trim(0, 1n << 70n);
      expectEqual(await readAll(a, 0, 8n), [], 'all trimmed');
      await expectCode(a.read(0, 7n, 1), 'trimmed', 'the tail itself');
      const { index, hash } = await a.tail(0);
      expectEqual({ index, hash }, { index: 7n, hash: (more[0] as LedgerRow).hash }, 'tail stays');
      await expectLog(a, 0, await grow(a, 0, term1, 2), 'goes on');
    },
  },
  {
    name: 'a log is truncated down to where it was trimmed and no further',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 4);
      await ledger.trim(0, 2n);
      await ledger.raiseTerm(0, term2);
      expectEqual(await ledger.truncateAfter(0, term2, rows[0] as LedgerRow, proof), 'conflict', 'below the window');
      expectEqual(await ledger.truncateAfter(0, term2, rows[1] as LedgerRow, proof), 'truncated', 'at its floor');
      const { index, hash } = await ledger.tail(0);
      expectEqual({ index, hash }, { index: 2n, hash: (rows[1] as LedgerRow).hash }, 'tail');
      await expectLog(ledger, 0, await grow(ledger, 0, term2, 1), 'goes on');
    },
  },
];
