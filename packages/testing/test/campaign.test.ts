import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addTallies,
  branchesOf,
  campaignScenario,
  commandOfSchedule,
  emptyTally,
  faultsMin,
  operationsMin,
  playSchedule,
} from '@coffer/testing';

test('a schedule of a campaign is a function of its seed, and large enough to count', async () => {
  assert.deepEqual(campaignScenario('9'), campaignScenario('9'));
  assert.notDeepEqual(campaignScenario('9'), campaignScenario('10'));
  for (const [seed, hostile] of [
    ['20', 0],
    ['13', 1],
  ] as const) {
    const [first, again] = [await playSchedule(seed), await playSchedule(seed)];
    assert.deepEqual(first, again);
    const { operations, faults, schedules } = first.tally;
    const sum = addTallies(first.tally, { ...emptyTally, small: 1 });
    assert.deepEqual([sum.schedules, sum.hostile, sum.small, sum.operations], [1, hostile, 1, operations]);
    const count = Object.values(faults).reduce((a, b) => a + b, 0);
    assert.ok(schedules === 1 && operations >= operationsMin && count >= faultsMin, JSON.stringify(first.tally));
    assert.match(commandOfSchedule(seed), hostile === 1 ? /sim:hostile.*--seed 13/ : /sim .*--seed 20/);
  }
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
