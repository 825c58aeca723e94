import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type HostileReport, hostileMoves, playHostile, type SimulationError } from '@coffer/testing';

const cli = fileURLToPath(new URL('../dist/hostile-cli.js', import.meta.url));

test('a host that attacks honest HSMs gets nothing', async () => {
  const reports: HostileReport[] = [];
  for (const seed of ['1', '2', '3', '4']) reports.push(await playHostile({ seed, moves: 90 }));
  const made = new Set(reports.flatMap(({ moves }) => Object.keys(moves)));
  assert.deepEqual([...made].sort(), [...hostileMoves].sort(), 'every kind of move is made');
  // Nothing is proven by hosts that only break things: they must get somewhere, and be refused.
  const all = (of: (report: HostileReport) => number): number => reports.reduce((sum, one) => sum + of(one), 0);
  assert.ok(all(({ released }) => released) > 100, `${all(({ released }) => released)} entries released`);
  assert.ok(all(({ heard }) => heard) > 100);
  assert.ok(all(({ refused }) => refused) > 200);
  assert.ok(all(({ proofs }) => proofs) > 20);
  assert.ok(reports.some(({ restored }) => restored > 0));
});

/** What somebody gets who restores one HSM more than the fleet says that it stands: this is why the limit is stated. */
const afterTooMany = ['two-released', 'certified-fork', 'over-budget', 'released-fork'];

for (const [sites, rollbackTolerance] of [
  [3, 0],
  [4, 1],
] as const) {
  test(`${sites} sites that stand ${rollbackTolerance} restored: safety is gone with one more`, async () => {
    const restored = rollbackTolerance + 1;
    const error = await playHostile({ seed: '1', sites, rollbackTolerance, restored, moves: 400 }).then(
      () => assert.fail('nothing was found'),
      (cause: SimulationError) => cause,
    );
    assert.ok(afterTooMany.includes(error.code), error.message);
    assert.match(error.message, /^seed 1: /);
    assert.ok(error.trace.length > 10);
  });
}

test('the same seed is the same schedule, line by line', async () => {
  const play = () => playHostile({ seed: '8', sites: 3, rollbackTolerance: 0, moves: 15 });
  assert.deepEqual(await play(), await play());
});

test('the command prints seed and trace of a violation, and tells bad arguments apart', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  const broken = run('--seed', '1', '--moves', '400', '--sites', '3', '--tolerance', '0', '--restored', '1');
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /: seed 1: /);
  assert.ok(broken.stderr.split('\n').length > 10);
  assert.equal(run('--sites', '3').status, 2);
});
