import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFaults, Guesser, type HsmCore, noFaults, SimFleet, simulate, verifyHistory } from '@coffer/testing';
import { mutantCore } from './mutant-core.js';

const shape = { sites: 3, groups: 1, rollbackTolerance: 0, budgetLimit: 4 };

/** What clients of a fleet with this core ask and hear: one person at work, and somebody who guesses at the same vault. */
async function historyOf(core: HsmCore | undefined, seed: string) {
  const fleet = new SimFleet({ seed, ...shape, ...(core === undefined ? {} : { core }) });
  try {
    fleet.start();
    const ann = fleet.addAccount('ann');
    let isDone = false;
    const life = async (): Promise<void> => {
      await ann.protect();
      for (let i = 0; i < 3; i++) {
        await ann.guessWrong();
        await ann.unlock();
      }
      isDone = true;
    };
    void life();
    // The model of the account and the other checkers may object first; here it is the history's turn.
    await fleet.run(20_000, () => isDone).catch(() => undefined);
    const thief = new Guesser(fleet, 'ann');
    void thief.run();
    await fleet.run(4_000).catch(() => undefined);
    thief.stop();
    return fleet.history();
  } finally {
    fleet.close();
  }
}

test('clients of the real HSM hear what one vault would say', async () => {
  const { calls, accounts } = verifyHistory(await historyOf(undefined, 'real'), { repeatsMax: 0 });
  assert.ok(calls >= 20, `${calls} calls`);
  assert.equal(accounts, 1);
});

const mutants: readonly (readonly [string, string, string, string])[] = [
  ['no charge', 'vault/recover.js', '{ openAttempts: [...record.openAttempts, attemptId] }', '{}'],
  [
    'a reset in place of a refund',
    'vault/recover.js',
    'changed(record, { openAttempts })',
    'changed(record, { openAttempts: [] })',
  ],
  ['no refund', 'vault/recover.js', 'changed(record, { openAttempts })', 'changed(record, {})'],
  [
    'any KE3 is right',
    'vault/recover.js',
    'if (!equalBytes(ke3, ticket.expectedKe3))',
    'if (ke3.length !== ticket.expectedKe3.length)',
  ],
  [
    'the guess after the last one does not destroy',
    'vault/recover.js',
    'return destroy(record, ke1)',
    "return unchanged(record, { type: 'wrong-secret', budget: 0 })",
  ],
];

for (const [name, file, find, replace] of mutants) {
  test(`an HSM with a fault of its own is seen in what clients hear: ${name}`, async () => {
    const core = await mutantCore(file, find, replace);
    const history = await historyOf(core, 'real');
    assert.throws(() => verifyHistory(history, { repeatsMax: 0 }), { code: 'not-linearizable' });
  });
}

test('every schedule of the simulator is checked at its end', async () => {
  let events = 0;
  const { history } = await simulate({
    seed: 'checked',
    sites: 3,
    accounts: 2,
    calls: 3,
    faults: noFaults,
    onHistory: (all) => {
      events = all.events.length;
    },
  });
  assert.ok(history.calls >= 20 && history.unknown === 0 && history.repeats === 0, JSON.stringify(history));
  assert.equal(events, 2 * history.calls);
});

test('a leader that steps down may have executed what it then declines: its successor executes it again', async () => {
  await simulate({
    ...{ seed: '7191', sites: 3, groups: 1, accounts: 6, calls: 2, guessers: 1, restMsMax: 5 },
    ...{ faultPauseMsMax: 30, faultsMax: 12, faults: allFaults },
  });
});
