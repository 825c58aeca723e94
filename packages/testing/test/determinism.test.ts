import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFaults, type Scenario, simulate } from '@coffer/testing';

const scenario: Scenario = { seed: 'same', sites: 3, accounts: 2, calls: 3, guessers: 1, faults: allFaults };

test('one seed gives one trace, to the last line', async () => {
  const lines: string[][] = [[], []];
  const reports = [];
  for (const mine of lines) reports.push(await simulate({ ...scenario, onLine: (line) => mine.push(line) }));
  assert.deepEqual(lines[0], lines[1]);
  const [first, second] = reports.map((report) => ({ ...report, realMs: 0 }));
  assert.deepEqual(first, second);
});

test('another seed gives another one', async () => {
  const one = await simulate(scenario);
  const other = await simulate({ ...scenario, seed: 'other' });
  assert.notEqual(one.traceHash, other.traceHash);
});
