import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contractFleet, type LedgerEnv, LedgerError, ledgerContractCases, MemoryLedgerStore } from '@coffer/ledger';

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
