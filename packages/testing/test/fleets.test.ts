import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFaults, noFaults, simulate } from '@coffer/testing';

/** A fixed slice of schedules; `npm run sim` plays as many others as anybody has time for. */
const slice = [
  { sites: 3, seeds: ['31', '32', '33', '34', '35'] },
  { sites: 5, seeds: ['51', '52', '53', '54'] },
  { sites: 7, seeds: ['71', '72'] },
];

for (const { sites, seeds } of slice) {
  for (const seed of seeds) {
    test(`${sites} sites, every kind of fault, seed ${seed}`, async () => {
      const report = await simulate({ seed, sites, accounts: 2, calls: 4, guessers: 1, faults: allFaults });
      assert.ok(report.faults > 0 && report.replies > 0);
    });
  }
}

test('without faults nothing is tried twice and nobody loses a guess', async () => {
  const report = await simulate({ seed: 'calm', sites: 3, faults: noFaults });
  assert.deepEqual(
    { retries: report.retries, crashes: report.crashes, foreignCharges: report.foreignCharges },
    { retries: 0, crashes: 0, foreignCharges: 0 },
  );
});

test('a fleet that tolerates one restored state has a larger quorum and works', async () => {
  const report = await simulate({
    seed: 'tolerant',
    sites: 5,
    rollbackTolerance: 1,
    accounts: 1,
    calls: 3,
    faults: { agentCrash: 1, powerCut: 1 },
  });
  assert.ok(report.replies > 0);
});
