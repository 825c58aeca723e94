import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountIn, Guesser, probeGroups, SimFleet, type SimFleetOptions, simTuning } from '@coffer/testing';

const leaseMs = simTuning.leaseMs ?? 0;

/** A fleet whose groups all answer. */
async function fleetOf(sites: number, options: Partial<SimFleetOptions> = {}): Promise<SimFleet> {
  const fleet = new SimFleet({ seed: 'available', sites, groups: 1, rollbackTolerance: 0, budgetLimit: 4, ...options });
  fleet.start();
  assert.notEqual(await probeGroups(fleet, 2 * leaseMs), undefined);
  return fleet;
}

/** Who answered last. */
const leaderOf = (fleet: SimFleet): number => fleet.checker.releaser(0) ?? assert.fail('nobody leads');

/** Runs one call of a person to its end. */
async function finish(fleet: SimFleet, call: Promise<void>, withinMs: number): Promise<void> {
  let isDone = false;
  void call.then(() => {
    isDone = true;
  });
  assert.ok(await fleet.run(withinMs, () => isDone), 'a call without an outcome');
}

const losses: [string, (fleet: SimFleet, leader: number) => void][] = [
  [
    'its site',
    (fleet, leader) => {
      fleet.site(leader).crashAgent();
      fleet.site(leader).hsm.crash();
    },
  ],
  ['its agent', (fleet, leader) => fleet.site(leader).crashAgent()],
  ['its HSM', (fleet, leader) => fleet.site(leader).hsm.crash()],
  [
    'the network to all others',
    (fleet, leader) => {
      const others = fleet.sites.filter(({ member }) => member !== leader).map(({ member }) => `agent${member}`);
      fleet.network.partition([[`agent${leader}`], [...others, 'ledger', 'gateway']]);
    },
  ],
];

for (const [name, lose] of losses) {
  for (const seed of ['a', 'b', 'c']) {
    test(`a leader that loses ${name} is replaced within two lease periods (${seed})`, async () => {
      const fleet = await fleetOf(5, { seed });
      try {
        await fleet.run(fleet.world.random.fork('moment').integer(0, leaseMs));
        const before = leaderOf(fleet);
        lose(fleet, before);
        const tookMs = await probeGroups(fleet, 2 * leaseMs);
        assert.ok(tookMs !== undefined, 'no answer within two lease periods');
        assert.notEqual(leaderOf(fleet), before);
      } finally {
        fleet.close();
      }
    });
  }
}

test('any two of five sites may be dead', async () => {
  const fleet = await fleetOf(5);
  try {
    const ann = fleet.addAccount('ann');
    await finish(fleet, ann.protect(), 10_000);
    for (let first = 1; first <= 5; first++) {
      for (let second = first + 1; second <= 5; second++) {
        for (const dead of [first, second]) {
          fleet.site(dead).crashAgent();
          fleet.site(dead).hsm.crash();
        }
        await finish(fleet, ann.unlock(), 20_000);
        fleet.start();
      }
    }
    assert.ok(await fleet.run(20_000, () => fleet.isConverged));
    assert.equal(ann.model.foreignCharges, 0);
  } finally {
    fleet.close();
  }
});

test('with three of five dead nothing is answered, and nothing is lost', async () => {
  const fleet = await fleetOf(5);
  try {
    const ann = fleet.addAccount('ann');
    await finish(fleet, ann.protect(), 10_000);
    for (const dead of [1, 3, 4]) fleet.site(dead).hsm.crash();
    let isUnlocked = false;
    void ann.unlock().then(() => {
      isUnlocked = true;
    });
    assert.equal(await fleet.run(20_000, () => isUnlocked), false);
    fleet.heal();
    assert.ok(await fleet.run(60_000, () => isUnlocked));
  } finally {
    fleet.close();
  }
});

test('a site that lost its replica catches up, and can then be counted on', async () => {
  const fleet = await fleetOf(3);
  try {
    const ann = fleet.addAccount('ann');
    await finish(fleet, ann.protect(), 10_000);
    // More entries than the ledger's window, so that it takes a snapshot and not a replay.
    for (let i = 0; i < 10; i++) await finish(fleet, ann.unlock(), 10_000);
    fleet.site(2).crashAgent();
    fleet.site(2).wipeReplica();
    assert.equal(fleet.isConverged, false);
    fleet.start();
    assert.ok(await fleet.run(10_000, () => fleet.isConverged));
    fleet.site(2).verifyReplica(0);
    fleet.site(1).crashAgent();
    fleet.site(1).hsm.crash();
    await finish(fleet, ann.unlock(), 20_000);
  } finally {
    fleet.close();
  }
});

test('the whole ledger lost and empty: the replicas put the log back', async () => {
  const fleet = await fleetOf(3);
  try {
    const ann = fleet.addAccount('ann');
    await finish(fleet, ann.protect(), 10_000);
    for (const site of fleet.sites) site.crashAgent();
    fleet.loseLedger();
    fleet.start();
    await finish(fleet, ann.unlock(), 30_000);
  } finally {
    fleet.close();
  }
});

test('replayed calls cost guesses at most, and give none', async () => {
  const fleet = await fleetOf(3);
  try {
    const ann = fleet.addAccount('ann');
    const random = fleet.world.random.fork('replays');
    await finish(fleet, ann.protect(), 10_000);
    for (let i = 0; i < 4; i++) {
      for (const call of random.sample(fleet.gateway.recorded, 8)) fleet.gateway.replay(call, random.integer(1, 3));
      await finish(fleet, i % 2 === 0 ? ann.guessWrong() : ann.verify(), 20_000);
    }
    // A replayed KE1 of a closed attempt is charged again: the host pays for it with availability, never the vault with a guess.
    assert.ok(ann.model.now.state === 'live' || ann.model.now.state === 'destroyed');
  } finally {
    fleet.close();
  }
});

test('a thief with the token hears as many evaluations as there are guesses, and then the vault is gone', async () => {
  const fleet = await fleetOf(3);
  try {
    const ann = fleet.addAccount(accountIn(1, 0, 'ann'));
    await finish(fleet, ann.protect(), 10_000);
    const { budgetMax } = ann.model.now;
    const thief = new Guesser(fleet, ann.device.account);
    void thief.run();
    await fleet.run(8_000);
    thief.stop();
    await finish(fleet, ann.verify(), 10_000);
    assert.equal(ann.model.now.state, 'destroyed');
    assert.deepEqual([...thief.evaluations], [[1, budgetMax]]);
  } finally {
    fleet.close();
  }
});
