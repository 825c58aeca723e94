import { expectCode, expectEqual, grow, type LedgerContractCase, term1 } from './contract-env.js';
import type { Ledger } from './ledger.js';
import { leaseMsMax } from './limits.js';

/** Leases and handles. */
export const leaseCases: readonly LedgerContractCase[] = [
  {
    name: 'one leader holds a lease until it expires',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      expectEqual(await a.lease.acquire(0, 1, 60_000), { holder: 1, expiresInMs: 60_000 }, 'free');
      await env.pass(1_000);
      const seen = await b.lease.acquire(0, 2, 60_000);
      expectEqual(seen.holder, 1, 'taken');
      expectEqual(seen.expiresInMs > 0 && seen.expiresInMs <= 59_000, true, 'time left');
      expectEqual(await b.lease.acquire(1, 2, 60_000), { holder: 2, expiresInMs: 60_000 }, 'another group');
      expectEqual(await a.lease.acquire(0, 1, 5_000), { holder: 1, expiresInMs: 5_000 }, 'renewed, also for less');
      await env.pass(5_000);
      expectEqual((await b.lease.acquire(0, 2, 60_000)).holder, 2, 'expired');
      expectEqual((await a.lease.acquire(0, 1, 60_000)).holder, 2, 'lost');
    },
  },
  {
    name: 'a lease ends when its holder releases it, and only then',
    async run(env) {
      const ledger = await env.open();
      await ledger.lease.release(0, 1);
      await ledger.lease.acquire(0, 1, 60_000);
      await ledger.lease.release(0, 2);
      expectEqual((await ledger.lease.acquire(0, 2, 60_000)).holder, 1, 'released by another');
      await ledger.lease.release(0, 1);
      expectEqual((await ledger.lease.acquire(0, 2, 60_000)).holder, 2, 'released');
    },
  },
  {
    name: 'those who ask for a lease at once agree who has it',
    async run(env) {
      const ledgers = await Promise.all([1, 2, 3, 4].map(() => env.open()));
      const states = await Promise.all(ledgers.map((ledger, i) => ledger.lease.acquire(2, i + 1, 60_000)));
      expectEqual(new Set(states.map((state) => state.holder)).size, 1, 'holders');
    },
  },
  {
    name: 'leases have limits',
    async run(env) {
      const { lease } = await env.open();
      for (const ttlMs of [0, -1, 1.5, leaseMsMax + 1]) {
        await expectCode(lease.acquire(0, 1, ttlMs), 'over-limit', `${ttlMs} ms`);
      }
      for (const holder of [-1, 0x10000, 0.5]) {
        await expectCode(lease.acquire(0, holder, 1_000), 'over-limit', `holder ${holder}`);
        await expectCode(lease.release(0, holder), 'over-limit', `holder ${holder}`);
      }
      expectEqual((await lease.acquire(0, 0xffff, leaseMsMax)).holder, 0xffff, 'the longest');
    },
  },
  {
    name: 'a closed handle is unavailable and the others are not',
    async run(env) {
      const [a, b] = [await env.open(), await env.open()];
      await grow(a, 0, term1, 1);
      let calls = 0;
      a.watch(0, () => calls++);
      await a.close();
      await a.close();
      const uses: [string, (ledger: Ledger) => Promise<unknown>][] = [
        ['tail', (ledger) => ledger.tail(0)],
        ['read', (ledger) => ledger.read(0, 1n, 1)],
        ['raiseTerm', (ledger) => ledger.raiseTerm(0, term1)],
        ['trim', (ledger) => ledger.trim(0, 0n)],
        ['acquire', (ledger) => ledger.lease.acquire(0, 1, 1_000)],
        ['release', (ledger) => ledger.lease.release(0, 1)],
      ];
      for (const [name, use] of uses) {
        await expectCode(use(a), 'unavailable', name);
        await use(b);
      }
      await grow(b, 0, term1, 1);
      for (let i = 0; i < 20; i++) await env.pass(100);
      expectEqual(calls, 0, 'watch of a closed handle');
    },
  },
];
