import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addTallies,
  branchesOf,
  campaignScenario,
  emptyTally,
  faultsMin,
  operationsMin,
  simulate,
  tallyOf,
} from '@coffer/testing';

test('a schedule of a campaign is a function of its seed, and large enough to count', async () => {
  assert.deepEqual(campaignScenario('9'), campaignScenario('9'));
  assert.notDeepEqual(campaignScenario('9'), campaignScenario('10'));
  const [first, again] = [await simulate(campaignScenario('9')), await simulate(campaignScenario('9'))];
  assert.equal(first.traceHash, again.traceHash);
  assert.ok(first.operations >= operationsMin && first.faults >= faultsMin, JSON.stringify(first));
  const sum = addTallies(addTallies(emptyTally, tallyOf(first, true)), tallyOf(again, false));
  assert.deepEqual([sum.schedules, sum.small, sum.operations], [1, 1, first.operations]);
  assert.equal(
    Object.values(sum.faults).reduce((a, b) => a + b, 0),
    first.faults,
  );
});

test('branches: each side that can run by itself', () => {
  const source =
    'function f(a) { if (a) g(); else if (b) h(); else { i(); } return a ? 1 : b && 2; } for (;;) { j(); }';
  const found = branchesOf(source).map(({ kind, at, end }) => `${kind} ${source.slice(at, end)}`);
  assert.deepEqual(found, [
    `function ${source.slice(14, source.indexOf(' for'))}`,
    'if g();',
    'if h();',
    'else { i(); }',
    '? 1',
    ': b && 2',
    '&& 2',
    'loop { j(); }',
  ]);
});
