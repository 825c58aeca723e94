import {
  chain,
  expectCode,
  expectEqual,
  expectLog,
  genesisOf,
  grow,
  type LedgerContractCase,
  term1,
  term2,
  term3,
} from './contract-env.js';
import type { Ledger, LedgerRow } from './ledger.js';

const proof = new Uint8Array(8).fill(7);

/** Raising terms and fencing old leaders. */
export const termCases: readonly LedgerContractCase[] = [
  {
    name: 'a term rises by round, then by leader, and never falls',
    async run(env) {
      const ledger = await env.open();
      const top = (1n << 64n) - 1n;
      const steps: [bigint, number, 'raised' | 'superseded'][] = [
        [1n, 1, 'raised'],
        [1n, 1, 'raised'],
        [1n, 3, 'raised'],
        [1n, 2, 'superseded'],
        [0n, 9, 'superseded'],
        [2n, 0, 'raised'],
        [256n, 0, 'raised'],
        [255n, 0xffff, 'superseded'],
        [1n << 63n, 5, 'raised'],
        [top, 0xfffe, 'raised'],
        [top, 0xffff, 'raised'],
        [top, 0xfffe, 'superseded'],
      ];
      for (const [round, leaderId, expected] of steps) {
        expectEqual(await ledger.raiseTerm(0, { round, leaderId }), expected, `raise ${round}.${leaderId}`);
      }
      expectEqual((await ledger.tail(0)).term, { round: top, leaderId: 0xffff }, 'raised term');
      await expectCode(ledger.raiseTerm(0, { round: top + 1n, leaderId: 0 }), 'over-limit', 'round over u64');
      await expectCode(ledger.raiseTerm(0, { round: -1n, leaderId: 0 }), 'over-limit', 'negative round');
      await expectCode(ledger.raiseTerm(0, { round: 1n, leaderId: 0x10000 }), 'over-limit', 'leader over u16');
    },
  },
  {
    name: 'every write of a leader that was overtaken is fenced and changes nothing',
    async run(env) {
      const [old, next] = [await env.open(), await env.open()];
      const rows = await grow(old, 0, term1, 2);
      const [first, tail] = rows as [LedgerRow, LedgerRow];
      expectEqual(await next.raiseTerm(0, term2), 'raised', 'raise');
      expectEqual(await old.append(0, term1, tail, chain(tail, term1, 1)), 'fenced', 'append');
      expectEqual(await old.append(0, term1, genesisOf(0), rows), 'fenced', 'repeated append');
      expectEqual(await old.truncateAfter(0, term1, first, proof), 'fenced', 'truncateAfter');
      expectEqual(await old.restore(0, term1, chain(tail, term1, 1)), 'fenced', 'restore');
      expectEqual(await old.raiseTerm(0, term1), 'superseded', 'raiseTerm');
      await expectLog(next, 0, rows, 'log');
    },
  },
  {
    name: 'a term that was not raised writes nothing',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 1);
      const tail = rows[0] as LedgerRow;
      expectEqual(await ledger.append(0, term2, tail, chain(tail, term2, 1)), 'fenced', 'append');
      expectEqual(await ledger.truncateAfter(0, term2, genesisOf(0), proof), 'fenced', 'truncateAfter');
      expectEqual(await ledger.restore(0, term2, chain(tail, term1, 1)), 'fenced', 'restore');
      await expectLog(ledger, 0, rows, 'log');
      expectEqual((await ledger.tail(0)).term, term1, 'term');
    },
  },
  {
    name: 'of terms that are raised at once the highest stands',
    async run(env) {
      const ledgers = await Promise.all([1, 2, 3, 4].map(() => env.open()));
      const results = await Promise.all(ledgers.map((l, i) => l.raiseTerm(0, { round: 5n, leaderId: (i * 3) % 4 })));
      expectEqual(results[1], 'raised', 'the highest');
      expectEqual((await (ledgers[0] as Ledger).tail(0)).term, { round: 5n, leaderId: 3 }, 'term');
    },
  },
  {
    name: 'an append that races with a higher term is either there or fenced',
    async run(env) {
      const [old, next] = [await env.open(), await env.open()];
      for (let i = 0; i < 10; i++) {
        const term = { round: BigInt(2 * i + 1), leaderId: 1 };
        await old.raiseTerm(0, term);
        const tail = await old.tail(0);
        const rows = chain(tail, term, 1);
        const higher = { round: BigInt(2 * i + 2), leaderId: 2 };
        const [result] = await Promise.all([old.append(0, term, tail, rows), next.raiseTerm(0, higher)]);
        expectEqual(await next.read(0, tail.index + 1n, 2), result === 'appended' ? rows : [], `rows after ${result}`);
      }
    },
  },
  {
    name: 'rows carry the term of their leader',
    async run(env) {
      const ledger = await env.open();
      const rows = [...(await grow(ledger, 0, term1, 1)), ...(await grow(ledger, 0, term3, 1))];
      expectEqual(
        (await ledger.read(0, 1n, 9)).map((row) => row.term),
        [term1, term3],
        'terms',
      );
      const tail = rows[1] as LedgerRow;
      await expectCode(ledger.append(0, term3, tail, chain(tail, term1, 1)), 'bad-row', 'an older term');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
];
