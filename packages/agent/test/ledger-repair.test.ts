import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryLedgerStore } from '@coffer/ledger';
import { TestFleet, type TestSite } from './fleet.js';

/** Swaps the ledger of every site for one that holds only the first `keep` rows of the old one. */
async function rollBack(fleet: TestFleet, keep: bigint): Promise<void> {
  const old = fleet.ledgerStore.open();
  const fresh = new MemoryLedgerStore(fleet.ledgerStore.fleet, fleet.time);
  const rows = keep === 0n ? [] : (await old.read(0, 1n, 1_024)).filter((row) => row.index <= keep);
  const { term } = await old.tail(0);
  const opened = fresh.open();
  await opened.raiseTerm(0, term);
  if (rows.length > 0) await opened.restore(0, term, rows);
  fleet.ledgerForgets = true;
  await fleet.replaceLedger(fresh);
}

async function history(fleet: TestFleet): Promise<TestSite> {
  const leader = await fleet.leader();
  for (const account of fleet.accounts(6)) await fleet.serve(account);
  assert.ok(await fleet.converged());
  return leader;
}

for (const [name, keep] of [
  ['lost its tail', 3n],
  ['was lost whole', 0n],
] as const) {
  test(`a ledger that ${name} gets the exact rows back`, async () => {
    const fleet = await TestFleet.start({ sites: 3 });
    const leader = await history(fleet);
    const index = leader.position().index;
    const before = await fleet.ledgerStore.open().read(0, 1n, 1_024);
    await rollBack(fleet, keep);
    await fleet.serve('alice');
    const after = await fleet.ledgerStore.open().read(0, 1n, 1_024);
    assert.deepEqual(after.slice(0, Number(index)), before);
    assert.ok(fleet.sites.some((site) => site.of('ledger-repaired').length > 0));
    assert.ok(await fleet.converged());
    await fleet.stop();
  });
}

test('a ledger that went on with another history is cut back to the certified one', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await fleet.leader();
  await history(fleet);
  await rollBack(fleet, 3n);
  // Somebody appends a row that no HSM has captured where a certified one belongs.
  const ledger = fleet.ledgerStore.open();
  const tail = await ledger.tail(0);
  const junk = {
    index: 4n,
    hash: new Uint8Array(32).fill(7),
    prevHash: tail.hash,
    term: tail.term,
    body: new Uint8Array(9),
  };
  assert.equal(await ledger.append(0, tail.term, tail, [junk]), 'appended');
  await fleet.serve('alice');
  const rows = await ledger.read(0, 1n, 1_024);
  for (const row of rows) assert.ok(leader.replica.has(0, row.index, row.hash), `row ${row.index}`);
  assert.equal(BigInt(rows.length), leader.position().index);
  await fleet.stop();
});

test('rows of a leader that nobody has captured are adopted by the next one, not lost', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await history(fleet);
  const { index } = leader.position();
  fleet.isolate(leader.memberId);
  await fleet.time.finish(fleet.ask(leader, 'alice', { type: 'status' }));
  // Appended by the cut-off leader, and captured by its HSM alone.
  assert.equal((await fleet.ledgerStore.open().tail(0)).index, index + 1n);
  assert.equal(leader.position().index, index + 1n);
  leader.kill();
  const next = await fleet.leader();
  assert.equal(next.position().index, index + 1n);
  assert.deepEqual(next.position().hash, leader.replica.tip(0).hash);
  await fleet.stop();
});

test('a tail that cannot be in the new base is cut only after the base is certified', async () => {
  const fleet = await TestFleet.start({ sites: 3 });
  const leader = await history(fleet);
  const { index } = leader.position();
  const ledger = fleet.ledgerStore.open();
  const tail = await ledger.tail(0);
  const junk = {
    index: index + 1n,
    hash: new Uint8Array(32).fill(7),
    prevHash: tail.hash,
    term: tail.term,
    body: new Uint8Array(9),
  };
  assert.equal(await ledger.append(0, tail.term, tail, [junk]), 'appended');
  // Without its peers no leader gets a certificate for a base, and so nothing is cut.
  for (const { memberId } of fleet.sites) fleet.isolate(memberId);
  await fleet.time.run(20_000);
  assert.equal((await ledger.tail(0)).index, index + 1n);
  fleet.heal();
  await fleet.serve('alice');
  assert.ok(leader.replica.has(0, (await ledger.tail(0)).index, (await ledger.tail(0)).hash));
  await fleet.stop();
});
