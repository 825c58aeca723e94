import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLedgerStore } from '@coffer/ledger';

test('the example of the README', async () => {
  const [configHash, genesisOfGroup0, hash] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
  assert.ok(configHash && genesisOfGroup0 && hash);
  const clock = { nowMs: () => 0 };
  const term = { round: 1n, leaderId: 1 };
  const row = { index: 1n, hash, prevHash: genesisOfGroup0, term, body: Uint8Array.of(9) };

  const store = new MemoryLedgerStore({ configHash, genesis: [genesisOfGroup0] }, clock);
  const ledger = store.open();
  await ledger.raiseTerm(0, term);
  const tail = await ledger.tail(0);
  assert.equal(await ledger.append(0, term, tail, [row]), 'appended');
  assert.deepEqual(await ledger.read(0, 1n, 64), [row]);
});
