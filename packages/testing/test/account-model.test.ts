import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnlockOutcome, VaultView } from '@coffer/client';
import { AccountModel } from '@coffer/testing';

const key = new Uint8Array(32).fill(5);

/** A model of a vault that was just protected with three guesses, and what it calls wrong. */
function model() {
  const wrong: string[] = [];
  const account = new AccountModel('ann', (message) => wrong.push(message));
  account.protected({ type: 'protected', version: 1, budget: 3, resets: 0 }, 'right', key, 3);
  return { account, wrong };
}

const unlocked = (changes: object = {}): UnlockOutcome => ({
  type: 'unlocked',
  backupKey: key,
  generationMin: 0n,
  version: 1,
  budgetMax: 3,
  budget: 3,
  failures: 0,
  askRefill: false,
  warnings: [],
  ...changes,
});
const view = (changes: object = {}): VaultView => ({
  state: 'live',
  version: 1,
  budgetMax: 3,
  budget: 3,
  failures: 0,
  resets: 0,
  pending: undefined,
  warnings: [],
  ...changes,
});

test('what must happen is not wrong', () => {
  const { account, wrong } = model();
  account.unlocked({ type: 'wrong-password', budget: 2 }, 'no');
  account.saw(view({ budget: 2, failures: 1 }));
  account.unlocked(unlocked(), 'right');
  account.erased({ type: 'erased', version: 2, receipt: new Uint8Array() });
  account.unlocked({ type: 'erased' }, 'right');
  assert.deepEqual(wrong, []);
  assert.equal(account.foreignCharges, 0);
});

test('what a host can do to a vault is believed', () => {
  const { account, wrong } = model();
  account.saw(view({ budget: 1, failures: 2 }));
  account.unlocked({ type: 'destroyed' }, 'right');
  assert.deepEqual(wrong, []);
  assert.equal(account.foreignCharges, 4);
});

const violations: [string, (account: AccountModel) => void][] = [
  [
    'the charge of a wrong guess taken back',
    (a) => {
      a.unlocked({ type: 'wrong-password', budget: 2 }, 'no');
      a.saw(view());
    },
  ],
  ['a wrong guess that cost nothing', (a) => a.unlocked({ type: 'wrong-password', budget: 3 }, 'no')],
  ['the right password called wrong', (a) => a.unlocked({ type: 'wrong-password', budget: 2 }, 'right')],
  ['a wrong password that opens', (a) => a.unlocked(unlocked(), 'no')],
  ['another key', (a) => a.unlocked(unlocked({ backupKey: new Uint8Array(32) }), 'right')],
  ['a registration that is gone', (a) => a.unlocked({ type: 'not-registered' }, 'right')],
  ['an erasure that nobody asked for', (a) => a.unlocked({ type: 'erased' }, 'right')],
  ['more guesses than registered', (a) => a.refilled(4)],
  ['an old version', (a) => a.saw(view({ version: 0 }))],
  [
    'a vault back from erasure',
    (a) => {
      a.erased({ type: 'erased', version: 2, receipt: new Uint8Array() });
      a.saw(view({ version: 2 }));
    },
  ],
];

for (const [name, act] of violations) {
  test(`wrong: ${name}`, () => {
    const { account, wrong } = model();
    act(account);
    assert.notDeepEqual(wrong, []);
  });
}
