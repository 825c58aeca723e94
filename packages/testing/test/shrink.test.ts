import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allFaults,
  campaignScenario,
  commandOf,
  type FaultDecision,
  type Scenario,
  SimulationError,
  shrink,
  simulate,
} from '@coffer/testing';
import { parseCli } from '../dist/cli-options.js';

const decision = (number: number): FaultDecision => ({ number, atMs: number, kind: 'replay' });

/** Breaks when faults 3 and 40 happen and there are at least two people: what a shrinker should find out. */
async function broken({ onlyFaults, faults, accounts = 3 }: Scenario): Promise<void> {
  const all = Object.keys(faults).length === 0 ? [] : (onlyFaults ?? Array.from({ length: 50 }, (_, i) => i + 1));
  if (!all.includes(3) || !all.includes(40) || accounts < 2) return;
  throw new SimulationError('stuck', 'broken', { faults: all.map(decision) });
}

const caught = async (work: Promise<unknown>): Promise<SimulationError> =>
  work.then(
    () => assert.fail('nothing was found'),
    (error: SimulationError) => error,
  );

test('a failing schedule shrinks to the faults and people that it takes, always the same', async () => {
  const scenario: Scenario = { seed: 'x', sites: 3, faults: allFaults, guessers: 2 };
  const error = await caught(broken(scenario));
  const found = await shrink(scenario, error, { play: broken });
  assert.deepEqual(found.scenario.onlyFaults, [3, 40]);
  assert.deepEqual([found.scenario.accounts, found.scenario.calls, found.scenario.guessers], [2, 1, 0]);
  assert.deepEqual((await shrink(scenario, error, { play: broken })).scenario, found.scenario);
  assert.match(commandOf(found.scenario), / --only 3,40$/);
});

test('another failure is not taken for the same one, and there is an end', async () => {
  const scenario: Scenario = { seed: 'x', sites: 3, faults: allFaults };
  const error = await caught(broken(scenario));
  const other = async (): Promise<never> => {
    throw new SimulationError('two-released', 'another');
  };
  const found = await shrink(scenario, error, { play: other, triesMax: 4 });
  assert.deepEqual([found.scenario, found.error, found.tries], [scenario, error, 4]);
});

test('a fault that is left out changes none of the others', async () => {
  const scenario: Scenario = { seed: 'few', sites: 3, groups: 1, accounts: 1, calls: 2, faults: allFaults };
  const of = async (onlyFaults: readonly number[]): Promise<readonly string[]> => {
    const lines: string[] = [];
    await simulate({ ...scenario, onlyFaults, onLine: (line) => lines.push(line) });
    return lines.filter((line) => / fault +\d/.test(line));
  };
  const [both, first, second] = [await of([1, 2]), await of([1]), await of([2])];
  assert.equal(both.length, 2);
  assert.deepEqual([...first, ...second], both);
});

test('the command that plays a schedule of a campaign again gives the same scenario', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { tuning, ...scenario } = campaignScenario(String(seed));
    const args = commandOf({ ...scenario, ...(tuning === undefined ? {} : { tuning }) })
      .split(' ')
      .slice(4);
    const again = parseCli(args)?.scenario;
    const usual = { calmCalls: 0, restMsMax: 800 };
    assert.deepEqual(again, { ...usual, ...scenario, tuning });
  }
});
