import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contractFleet,
  type LedgerEnv,
  LedgerError,
  ledgerContractCases,
  MemoryLedgerStore,
  type Term,
} from '@coffer/ledger';

function memoryEnv(): LedgerEnv {
  let nowMs = 1_000_000;
  const store = new MemoryLedgerStore(contractFleet, { nowMs: () => nowMs });
  return {
    open: async () => store.open(),
    pass: async (ms) => {
      nowMs += ms;
    },
  };
}

for (const { name, run } of ledgerContractCases) test(`MemoryLedger: ${name}`, () => run(memoryEnv()));

test('a fleet has 1 to 32 groups and 32-byte hashes', () => {
  const hash = new Uint8Array(32);
  const clock = { nowMs: () => 0 };
  const make = (configHash: Uint8Array, genesis: Uint8Array[]) => new MemoryLedgerStore({ configHash, genesis }, clock);
  assert.equal(make(hash, Array(32).fill(hash)).logs.length, 32);
  for (const genesis of [[], Array(33).fill(hash), [hash.subarray(1)]]) {
    assert.throws(
      () => make(hash, genesis),
      (error) => error instanceof LedgerError && error.code === 'over-limit',
    );
  }
  assert.throws(() => make(hash.subarray(1), [hash]), LedgerError);
});

test('a lease from before the clock was set back does not hold', async () => {
  let nowMs = 1_000_000;
  const ledger = new MemoryLedgerStore(contractFleet, { nowMs: () => nowMs }).open();
  await ledger.lease.acquire(0, 1, 60_000);
  nowMs -= 1;
  assert.equal((await ledger.lease.acquire(0, 2, 60_000)).holder, 2);
});

test('a fork starts with everything that the store has, and then goes its own way', async () => {
  const store = new MemoryLedgerStore(contractFleet, { nowMs: () => 0 });
  const genesis = { index: 0n, hash: contractFleet.genesis[0] as Uint8Array };
  const [term, next] = [1n, 2n].map((round) => ({ round, leaderId: 1 })) as [Term, Term];
  const row = { index: 1n, hash: new Uint8Array(32).fill(1), prevHash: genesis.hash, term, body: new Uint8Array(3) };
  const old = store.open();
  await old.raiseTerm(0, term);
  await old.append(0, term, genesis, [row]);
  await old.lease.acquire(0, 1, 1_000);
  const other = store.fork().open();
  assert.deepEqual(await other.read(0, 1n, 9), [row]);
  assert.deepEqual(await other.tail(0), await old.tail(0));
  assert.equal((await other.lease.acquire(0, 2, 1_000)).holder, 2);
  await other.raiseTerm(0, next);
  assert.equal(await other.truncateAfter(0, next, genesis, new Uint8Array()), 'truncated');
  assert.equal((await old.tail(0)).index, 1n);
});
