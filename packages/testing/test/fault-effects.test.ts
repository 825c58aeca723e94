import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLedgerStore } from '@coffer/ledger';
import {
  type FaultKind,
  FaultyLedger,
  goodLedger,
  type LedgerWeather,
  SeededRandom,
  SimFleet,
  simulate,
  Trace,
  VirtualTime,
} from '@coffer/testing';

/** Kinds that rarely meet in the slice of `fleets.test.ts`; a campaign has schedules of few kinds as well. */
const rare: readonly FaultKind[] = [
  'siteWipe',
  'slowSite',
  'clockJump',
  'ledgerFork',
  'staleLedger',
  'corruptLedger',
  'ledgerCut',
  'storeCut',
];

for (const kind of rare) {
  test(`a schedule of nothing but ${kind} comes to a good end`, async () => {
    const report = await simulate({ seed: kind, sites: 3, groups: 1, accounts: 1, calls: 1, faults: { [kind]: 1 } });
    assert.deepEqual(Object.keys(report.faultKinds), [kind]);
    assert.ok((report.faultKinds[kind] ?? 0) > 0);
  });
}

const shape = { groups: 1, rollbackTolerance: 0, budgetLimit: 4 };

test('a wiped site never signs again, and the others go on without it', async () => {
  const fleet = new SimFleet({ seed: 'wiped', sites: 3, ...shape });
  try {
    fleet.start();
    const ann = fleet.addAccount('ann');
    let isDone = false;
    void ann.protect().then(() => {
      isDone = true;
    });
    assert.ok(await fleet.run(20_000, () => isDone));
    fleet.site(2).wipe();
    fleet.heal();
    assert.equal(fleet.site(2).hsm.isUp, false);
    isDone = false;
    void ann.unlock().then(() => {
      isDone = true;
    });
    assert.ok(await fleet.run(20_000, () => isDone));
  } finally {
    fleet.close();
  }
});

function ledgerOf(rows: number, profile: Partial<LedgerWeather['profile']>) {
  const time = new VirtualTime(0);
  const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
  const store = new MemoryLedgerStore({ configHash: hash(1), genesis: [hash(0)] }, time);
  const term = { round: 1n, leaderId: 1 };
  for (let i = 1; i <= rows; i++) {
    store.logs[0]?.extend([{ index: BigInt(i), hash: hash(i), prevHash: hash(i - 1), term, body: hash(i) }]);
  }
  const weather: LedgerWeather = { profile: { ...goodLedger, ...profile }, down: false };
  const parts = { time, random: new SeededRandom('ledger'), weather, trace: new Trace(time) };
  const ledger = new FaultyLedger(store.open(), 'agent1', parts, () => true);
  const finished = async <T>(work: Promise<T>): Promise<T> => {
    void work.catch(() => undefined);
    await time.run(time.nowMs() + 1_000);
    return work;
  };
  return { store, ledger, finished };
}

test('a stale ledger shows an older end, and no rows past it', async () => {
  const { ledger, finished } = ledgerOf(5, { staleRows: 2 });
  assert.equal((await finished(ledger.tail(0))).index, 3n);
  assert.deepEqual(
    (await finished(ledger.read(0, 2n, 9))).map(({ index }) => index),
    [2n, 3n],
  );
});

test('a corrupt ledger shows other bytes than it holds, or says that it is corrupt', async () => {
  const { store, ledger, finished } = ledgerOf(1, { corruptRate: 1 });
  const [held] = store.logs[0]?.read(1n, 1) ?? [];
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    try {
      const [row] = await finished(ledger.read(0, 1n, 1));
      assert.notDeepEqual(row, held);
      seen.add('row');
    } catch (error) {
      seen.add((error as { code: string }).code);
    }
  }
  assert.deepEqual([...seen].sort(), ['corrupt', 'row']);
  assert.notDeepEqual((await finished(ledger.tail(0))).hash, held?.hash);
});
