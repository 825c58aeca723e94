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
} from './contract-env.js';
import type { Ledger, LedgerRow } from './ledger.js';
import { readBytesMax, rowBytesMax } from './limits.js';

/** Order, durability, compare-and-append, watching. */
export const logCases: readonly LedgerContractCase[] = [
  {
    name: 'an empty group ends at its genesis with no term raised',
    async run(env) {
      const ledger = await env.open();
      for (const group of [0, 1, 2]) {
        expectEqual(await ledger.tail(group), { term: { round: 0n, leaderId: 0 }, ...genesisOf(group) }, 'tail');
        expectEqual(await ledger.read(group, 1n, 10), [], 'rows');
        await expectCode(ledger.read(group, 0n, 10), 'trimmed', 'index 0 has no row');
      }
    },
  },
  {
    name: 'rows come back byte for byte, in order, through every handle and after all were closed',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      const rows = [...(await grow(a, 0, term1, 5)), ...(await grow(b, 0, term1, 1)), ...(await grow(a, 0, term1, 3))];
      await expectLog(b, 0, rows, 'other handle');
      expectEqual(await b.read(0, 3n, 4), rows.slice(2, 6), 'a part');
      expectEqual(await b.read(0, 9n, 4), rows.slice(8), 'the end');
      expectEqual(await b.read(0, 10n, 4), [], 'past the tail');
      for (const far of [1n << 40n, (1n << 63n) - 1n, 1n << 63n, 1n << 70n]) {
        expectEqual(await b.read(0, far, 4), [], `far past the tail: ${far}`);
      }
      await a.close();
      await b.close();
      const again = await env.open();
      await expectLog(again, 0, rows, 'reopened');
      expectEqual((await again.tail(0)).term, term1, 'raised term survives');
    },
  },
  {
    name: 'groups have nothing to do with each other',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 1, term1, 2, 'one');
      await expectLog(ledger, 0, [], 'group 0');
      await expectLog(ledger, 1, rows, 'group 1');
      expectEqual((await ledger.tail(2)).term.round, 0n, 'term of group 2');
      expectEqual(await ledger.append(2, term1, genesisOf(2), chain(genesisOf(2), term1, 1)), 'fenced', 'not raised');
    },
  },
  {
    name: 'an append at any other place than the tail is a conflict and changes nothing',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 3);
      const [, second, third] = rows as [LedgerRow, LedgerRow, LedgerRow];
      const stale = chain(second, term1, 1, 'stale');
      expectEqual(await ledger.append(0, term1, second, stale), 'conflict', 'behind the tail');
      const other = { index: third.index, hash: second.hash };
      expectEqual(await ledger.append(0, term1, other, chain(other, term1, 1)), 'conflict', 'another hash');
      const ahead = { index: 4n, hash: third.hash };
      expectEqual(await ledger.append(0, term1, ahead, chain(ahead, term1, 1)), 'conflict', 'past the tail');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
  {
    name: 'of several handles that append at one tail, one wins',
    async run(env) {
      const ledgers = await Promise.all([1, 2, 3, 4].map(() => env.open()));
      await (ledgers[0] as Ledger).raiseTerm(0, term1);
      for (let round = 0; round < 5; round++) {
        const tail = await (ledgers[0] as Ledger).tail(0);
        const candidates = ledgers.map((_, i) => chain(tail, term1, 2, `branch${i}`));
        const results = await Promise.all(
          ledgers.map((l, i) => l.append(0, term1, tail, candidates[i] as LedgerRow[])),
        );
        expectEqual([...results].sort(), ['appended', 'conflict', 'conflict', 'conflict'], 'results');
        const winner = candidates[results.indexOf('appended')] as LedgerRow[];
        expectEqual(await readAll(ledgers[3] as Ledger, 0, tail.index + 1n), winner, 'rows');
      }
    },
  },
  {
    name: 'writers that retry on conflict build one chain with each row once',
    async run(env) {
      const ledgers = await Promise.all([1, 2, 3].map(() => env.open()));
      await (ledgers[0] as Ledger).raiseTerm(0, term1);
      await Promise.all(
        ledgers.map(async (ledger, i) => {
          for (let written = 0; written < 8; ) {
            const tail = await ledger.tail(0);
            const rows = chain(tail, term1, 1, `writer${i}`);
            if ((await ledger.append(0, term1, tail, rows)) === 'appended') written += 1;
          }
        }),
      );
      const rows = await readAll(ledgers[0] as Ledger, 0);
      expectEqual(rows.length, 24, 'rows');
      rows.forEach((row, i) => {
        expectEqual(row.index, BigInt(i + 1), 'index');
        expectEqual(row.prevHash, rows[i - 1]?.hash ?? genesisOf(0).hash, 'chain');
      });
    },
  },
  {
    name: 'an append that is repeated after an unknown outcome is done once',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      const rows = await grow(a, 0, term1, 3);
      expectEqual(await b.append(0, term1, genesisOf(0), rows), 'appended', 'the same rows');
      const more = await grow(a, 0, term1, 2);
      expectEqual(await b.append(0, term1, genesisOf(0), rows), 'appended', 'with rows behind them');
      await expectLog(a, 0, [...rows, ...more], 'log');
    },
  },
  {
    name: 'rows that are only nearly there are a conflict',
    async run(env) {
      const ledger = await env.open();
      const rows = await grow(ledger, 0, term1, 2);
      const otherBody = rows.map((row) => ({ ...row, body: row.body.slice(1) }));
      expectEqual(await ledger.append(0, term1, genesisOf(0), otherBody), 'conflict', 'another body');
      const longer = chain(genesisOf(0), term1, 3);
      expectEqual(await ledger.append(0, term1, genesisOf(0), longer), 'conflict', 'one row more');
      expectEqual(await ledger.append(0, term1, genesisOf(0), rows.slice(0, 1)), 'appended', 'a part of them');
      await expectLog(ledger, 0, rows, 'log');
    },
  },
  {
    name: 'arrays are not shared with the engine',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term1);
      const rows = chain(genesisOf(0), term1, 2);
      const kept = chain(genesisOf(0), term1, 2);
      await ledger.append(0, term1, genesisOf(0), rows);
      for (const row of rows) row.body.fill(0xee);
      for (const row of await readAll(ledger, 0)) row.hash.fill(0xee);
      (await ledger.tail(0)).hash.fill(0xee);
      await expectLog(ledger, 0, kept, 'log');
    },
  },
  {
    name: 'a read stops before it grows too large, and never short of one row',
    async run(env) {
      const ledger = await env.open();
      await ledger.raiseTerm(0, term1);
      const perRead = readBytesMax / rowBytesMax;
      const rows = chain(genesisOf(0), term1, perRead, 'large', rowBytesMax);
      expectEqual(await ledger.append(0, term1, genesisOf(0), rows), 'appended', 'append');
      const tail = rows[rows.length - 1] as LedgerRow;
      await ledger.append(0, term1, tail, chain(tail, term1, 1));
      const lengths = [];
      for (let at = 1n; ; at += BigInt(lengths[lengths.length - 1] as number)) {
        const part = await ledger.read(0, at, 100);
        if (part.length === 0) break;
        lengths.push(part.length);
      }
      expectEqual(lengths, [perRead, 1], 'rows of each read');
    },
  },
  {
    name: 'a watch sees changes by other handles until it is stopped',
    async run(env) {
      const [watcher, writer] = [await env.open(), await env.open()];
      let calls = 0;
      const stop = watcher.watch(0, () => calls++);
      const seen = async (): Promise<boolean> => {
        for (let i = 0; i < 100 && calls === 0; i++) await env.pass(100);
        const was = calls > 0;
        calls = 0;
        return was;
      };
      expectEqual(await writer.raiseTerm(0, term1), 'raised', 'raise');
      expectEqual(await seen(), true, 'a raised term is seen');
      await grow(writer, 0, term1, 1);
      expectEqual(await seen(), true, 'an append is seen');
      stop();
      stop();
      await grow(writer, 0, term1, 1);
      for (let i = 0; i < 20; i++) await env.pass(100);
      expectEqual(calls, 0, 'calls after stop');
    },
  },
];
