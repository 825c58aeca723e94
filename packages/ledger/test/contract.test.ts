import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contractFleet,
  type Ledger,
  type LedgerEnv,
  type LedgerRow,
  ledgerContractCases,
  type MemoryLedger,
  MemoryLedgerStore,
} from '@coffer/ledger';

/** Ledgers with one thing wrong each. A contract that passes one of them would be worth nothing. */
const broken: Record<string, (honest: MemoryLedger) => Partial<Ledger>> = {
  'ignores fencing': (honest) => ({
    append: async (group, _term, tail, rows) =>
      honest.append(group, (await honest.tail(group)).term, tail, withTerm(rows, (await honest.tail(group)).term)),
  }),
  'compares the index of the tail only': (honest) => ({
    append: async (group, term, tail, rows) => {
      const { index, hash } = await honest.tail(group);
      if (index !== tail.index) return 'conflict';
      return honest.append(group, term, { index, hash }, relinked(rows, hash));
    },
  }),
  'does not know its own rows again': (honest) => ({
    append: async (group, term, tail, rows) => {
      if ((await honest.tail(group)).index !== tail.index) return 'conflict';
      return honest.append(group, term, tail, rows);
    },
  }),
  'lets terms fall': (honest) => ({
    raiseTerm: async (group, term) => {
      await honest.raiseTerm(group, term);
      return 'raised';
    },
  }),
  'loses the last row of a read': (honest) => ({
    read: async (group, from, limit) => (await honest.read(group, from, limit)).slice(0, -1),
  }),
  'appends in two steps': (honest) => ({
    append: async (group, term, tail, rows) => {
      const { index } = await honest.tail(group);
      await Promise.resolve();
      if (index !== tail.index) return 'conflict';
      await honest.append(group, term, tail, rows);
      return 'appended';
    },
  }),
  'truncates the new rows too': (honest) => ({
    truncateAfter: async (group, term, base, proof) => {
      const [next] = await honest.read(group, base.index + 1n, 1);
      if (next?.term.round === term.round) await honest.raiseTerm(group, { round: term.round + 1n, leaderId: 0 });
      return honest.truncateAfter(group, (await honest.tail(group)).term, base, proof);
    },
  }),
  'never trims': () => ({ trim: async () => undefined }),
  'gives the lease to whoever asks': () => ({
    lease: {
      acquire: async (_group, holder, ttlMs) => ({ holder, expiresInMs: ttlMs }),
      release: async () => undefined,
    },
  }),
  'keeps watching after the stop': (honest) => ({
    watch: (group, onChange) => {
      honest.watch(group, onChange);
      return () => undefined;
    },
  }),
  'never tells a watcher': () => ({ watch: () => () => undefined }),
  'serves after close': () => ({ close: async () => undefined }),
};

function withTerm(rows: readonly LedgerRow[], term: LedgerRow['term']): LedgerRow[] {
  return rows.map((row) => ({ ...row, term }));
}

function relinked(rows: readonly LedgerRow[], hash: Uint8Array): LedgerRow[] {
  return rows.map((row, i) => (i === 0 ? { ...row, prevHash: hash } : row));
}

for (const [name, breakIt] of Object.entries(broken)) {
  test(`the contract notices a ledger that ${name}`, async () => {
    assert.notEqual(await failures(breakIt), 0);
  });
}

test('the contract finds nothing in a ledger that is wrapped and not broken', async () => {
  assert.equal(await failures(() => ({})), 0);
});

async function failures(breakIt: (typeof broken)[string]): Promise<number> {
  let count = 0;
  for (const { run } of ledgerContractCases) {
    let nowMs = 0;
    const store = new MemoryLedgerStore(contractFleet, { nowMs: () => nowMs });
    const env: LedgerEnv = {
      open: async () => overlay(store.open(), breakIt),
      pass: async (ms) => {
        nowMs += ms;
      },
    };
    await run(env).catch(() => {
      count += 1;
    });
  }
  return count;
}

function overlay(honest: MemoryLedger, breakIt: (typeof broken)[string]): Ledger {
  const changes = breakIt(honest);
  return new Proxy(honest, {
    get(target, key) {
      const value: unknown = Reflect.get(changes, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
