import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Nvram } from '@coffer/hsm';
import {
  FleetChecker,
  fleetKit,
  Guesser,
  type HsmCore,
  noFaults,
  type Scenario,
  SeededRandom,
  SimFleet,
  SimHsm,
  type SimulationError,
  SimWorld,
  simulate,
} from '@coffer/testing';
import { mutantCore } from './mutant-core.js';

/** What the simulator finds in this scenario: each of these tests fails when a checker has gone blind. */
async function finding(scenario: Scenario): Promise<SimulationError> {
  try {
    await simulate(scenario);
  } catch (error) {
    return error as SimulationError;
  }
  return assert.fail('nothing was found');
}

test('an HSM that does not charge', async () => {
  const core = await mutantCore(
    'vault/recover.js',
    'return { record: charged, reply: evaluate(context, charged,',
    'return { record, reply: evaluate(context, record,',
  );
  const error = await finding({ seed: 'free', sites: 3, core, accounts: 1, calls: 8, guessers: 1, faults: noFaults });
  assert.ok(['over-budget', 'wrong-outcome'].includes(error.code), error.message);
  assert.match(error.message, /^seed free: /);
  assert.ok(error.trace.length > 10);
});

test('an HSM that gives the budget back when asked again', async () => {
  const core = await mutantCore(
    'record.js',
    'record.live.budgetMax - record.openAttempts.length',
    'Math.max(1, record.live.budgetMax - record.openAttempts.length)',
  );
  const fleet = new SimFleet({ seed: 'endless', sites: 3, groups: 1, rollbackTolerance: 0, budgetLimit: 2, core });
  await assert.rejects(simulateThief(fleet), { code: 'over-budget' });
});

test('HSMs and agents that take one capture for a certificate', async () => {
  const error = await finding({ seed: 'small', sites: 3, sabotage: ['small-quorum'], calls: 2, faults: noFaults });
  assert.equal(error.code, 'uncommitted-release');
});

test('HSMs that forget their state when they restart', async () => {
  const found: string[] = [];
  // One that forgot and hears a certificate at once does no harm: not every schedule shows it.
  for (let seed = 2; seed <= 6 && found.length === 0; seed++) {
    const scenario: Scenario = {
      seed: `amnesia ${seed}`,
      sites: 3,
      sabotage: ['amnesia'],
      accounts: 2,
      calls: 6,
      faults: { hsmCrash: 3, siteCrash: 2, partition: 1 },
    };
    await simulate(scenario).catch((error: SimulationError) => found.push(error.code));
  }
  assert.ok(found[0] === 'committed-left' || found[0] === 'certified-fork' || found[0] === 'two-released', found[0]);
});

test('HSMs that promise nothing', async () => {
  const error = await finding({
    seed: 'mute',
    sites: 3,
    calls: 1,
    accounts: 1,
    faults: noFaults,
    mutate: (_, request) =>
      request.type === 'promise' ? { type: 'refused', code: 'stale-term', message: 'sabotage' } : undefined,
  });
  assert.equal(error.code, 'stuck');
});

test('an agent that does not store what its HSM captures', async () => {
  const kit = fleetKit({ sites: 5, groups: 1, rollbackTolerance: 0, budgetLimit: 3 });
  const world = new SimWorld(new SeededRandom('no data'));
  const checker = new FleetChecker(world, kit.fleet, kit.channelKey, (member) => member !== 2);
  const cap = {
    group: 0,
    configHash: kit.fleet.configHash,
    term: { round: 1n, leaderId: 1 },
    index: 1n,
    hash: kit.fleet.configHash as never,
  };
  const observe = (hsm: number): void =>
    checker.observe(
      hsm,
      { type: 'capture', group: 0, entries: [] },
      { type: 'captured', cap: { statement: { hsm, ...cap }, signature: new Uint8Array(64) } },
    );
  observe(1);
  await world.run(0);
  observe(2);
  await assert.rejects(world.run(0), { code: 'data-not-held' });
});

test('an HSM that persists more than it may', async () => {
  const kit = fleetKit({ sites: 1, groups: 1, rollbackTolerance: 0, budgetLimit: 3 });
  const world = new SimWorld(new SeededRandom('large'));
  const core = {
    boot: ({ nvram }: { nvram: Nvram }) => ({
      step(frames: readonly Uint8Array[]) {
        nvram.persist(new Uint8Array(4_097));
        return frames;
      },
    }),
  } as unknown as HsmCore;
  const hsm = new SimHsm(world, {
    member: 1,
    fleet: kit.fleet,
    keyStore: { platform: '' } as never,
    state: new Uint8Array(),
    core,
    observe: () => undefined,
    mutate: () => undefined,
  });
  hsm.boot();
  void hsm.call({ type: 'describe' }).catch(() => undefined);
  await assert.rejects(world.run(100));
});

/** No rule is broken here: a ledger that tells every side another history stops a fleet at worst. */
test('a forked ledger makes no HSM break anything', async () => {
  for (const seed of ['1', '2']) {
    const fleet = new SimFleet({
      seed,
      sites: 5,
      groups: 1,
      rollbackTolerance: 0,
      budgetLimit: 4,
      sabotage: ['forked-ledger'],
    });
    try {
      fleet.start();
      for (const name of ['ann', 'bob']) void fleet.addAccount(name).live(6);
      for (let i = 0; i < 6; i++) {
        await fleet.run(1_500);
        fleet.network.heal();
        const sides = fleet.world.random
          .fork(`sides ${i}`)
          .sample([1, 2, 3, 4, 5], 5)
          .map((id) => `agent${id}`);
        fleet.network.partition([sides.slice(0, 2), sides.slice(2)]);
      }
      assert.ok(fleet.checker.exchanges > 0);
    } finally {
      fleet.close();
    }
  }
});

async function simulateThief(fleet: SimFleet): Promise<void> {
  try {
    fleet.start();
    const ann = fleet.addAccount('ann');
    let isDone = false;
    void ann.protect().then(() => {
      isDone = true;
    });
    assert.ok(await fleet.run(20_000, () => isDone));
    const thief = new Guesser(fleet, 'ann');
    void thief.run();
    await fleet.run(10_000);
    thief.stop();
  } finally {
    fleet.close();
  }
}
