import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallReply, type History, nameOfText, type SimulationError, verifyHistory } from '@coffer/testing';
import {
  edited,
  finish,
  life,
  recovered,
  registration,
  type Scene,
  Script,
  start,
  started,
  status,
  told,
} from './story.js';

const strict = { repeatsMax: 0 };

function finding(history: History, options = strict): string {
  try {
    verifyHistory(history, options);
  } catch (error) {
    assert.equal((error as SimulationError).code, 'not-linearizable');
    return (error as Error).message;
  }
  return assert.fail('nothing was found');
}

test('a vault that does as the protocol says', () => {
  const { calls, unknown, repeats } = verifyHistory(told(life), strict);
  assert.deepEqual({ calls, unknown, repeats }, { calls: life.length, unknown: 0, repeats: 0 });
});

/** Each is the good history with one answer changed (or, with null, one call left out): the smallest lie of its kind. */
const lies: Readonly<Record<string, Readonly<Record<string, Scene['reply'] | null>>>> = {
  'double charge': { look: status('live', 1, [3, 1, 2]) },
  'evaluation without a charge': { charge: started(1, 3, 0) },
  'the same KE1 charged again': { 'same KE1': started(1, 1, 2) },
  'another KE1 for free': { 'other KE1': started(1, 2, 1) },
  'reset in place of a refund': { 'own refund': recovered('payload 1', 1, 3, [], 'auth 3') },
  'refund twice': { look: status('live', 1, [3, 3, 0]) },
  'no refund': { refund: recovered('payload 1', 1, 2, ['k1'], 'auth 1') },
  "refund of somebody else's attempt": { 'own refund': recovered('payload 1', 1, 2, ['k3'], 'auth 3') },
  'refund without a proof for it': { refund: recovered('payload 1', 1, 3, []) },
  'a second proof for one attempt': { 'second payload': recovered('payload 1', 1, 3, [], 'auth 2') },
  'a guess of the budget lost': { full: status('live', 1, [3, 2, 1]) },
  'lost registration': { charge: { type: 'not-registered' } },
  'lost registration, seen by status': { look: status('none', 0) },
  'read of stale state': { look: status('live', 1, [3, 3, 0]) },
  'wrong password accepted': { 'wrong finish': recovered('payload 1', 1, 3, [], 'auth 2') },
  'right password called wrong': { refund: { type: 'wrong-secret', budget: 2 } },
  'payload of somebody else': { refund: recovered('payload 2', 1, 3, [], 'auth 1') },
  'refill twice': { 'refill again': { type: 'refilled', budget: 3 } },
  'refill with an old proof': { 'old proof': { type: 'refilled', budget: 3 } },
  'refill that fills nothing': { full: status('live', 1, [3, 2, 1]) },
  'refill lost': { refill: { type: 'stale-ticket' } },
  'undone erasure': { tombstone: status('live', 1, [3, 3, 0]) },
  'erasure that never was': { erase: { type: 'stale-ticket' } },
  'erasure by nobody': { erase: null },
  'version put back': { tombstone: status('erased', 1) },
  'payload after erasure': { 'payload of the erased': recovered('payload 1', 1, 3, []) },
  'false erasure receipt': { 'old erase': { type: 'erasure-receipt', version: 2 } },
  'old confirm grants again': { 'old confirm': { type: 'register.confirmed', version: 1, budget: 3, resets: 0 } },
  'pending registration answers': { pending: started(2, 0, 1) },
  'hidden reset': { 'confirm 2': { type: 'register.confirmed', version: 3, budget: 1, resets: 0 } },
  'confirm of nothing': { 'finish 2': null },
  'finish without a start': { 'start 1': null },
  'old password after rotation': { 'old password': recovered('payload 2', 3, 1, []) },
  'one guess more than the budget': { 'one too many': started(3, 0, 1) },
  'undone destruction': { gone: status('live', 3, [1, 0, 1], { resets: 1 }) },
  'payload after destruction': { 'payload of the destroyed': recovered('payload 2', 3, 1, []) },
  'a budget over the limit': { 'finish 1': { type: 'limit' } },
};

for (const [name, edits] of Object.entries(lies)) {
  test(`a lie: ${name}`, () => {
    const message = finding(told(edited(life, edits)));
    assert.match(message, /^vault: no order of these calls explains the answers\nbefore: /);
    assert.equal(message.match(/^>> /gm)?.length, 1);
  });
}

test('calls that overlap may be executed in either order, calls that do not in one only', () => {
  const fresh = registration(1, 1, 2, 0);
  const look = (reply: CallReply, isLate: boolean): History => {
    const script = new Script();
    for (const { request, reply: said } of fresh) script.call(request, said);
    const guess = script.begin(start('k1', 'wrong'), 'bob');
    if (isLate) script.end(guess, started(1, 1, 1));
    script.call({ type: 'status' }, reply, 'ann');
    if (!isLate) script.end(guess, started(1, 1, 1));
    return script.history();
  };
  verifyHistory(look(status('live', 1, [2, 2, 0]), false), strict);
  verifyHistory(look(status('live', 1, [2, 1, 1]), false), strict);
  verifyHistory(look(status('live', 1, [2, 1, 1]), true), strict);
  finding(look(status('live', 1, [2, 2, 0]), true));
});

test('a call of unknown outcome explains what was seen later, but not what was seen before it', () => {
  const script = (isBefore: boolean): History => {
    const written = new Script();
    for (const { request, reply } of registration(1, 1, 2, 0)) written.call(request, reply);
    if (!isBefore) written.call({ type: 'erase', version: 1 }, '?');
    written.call({ type: 'status' }, status('live', 1, [2, 2, 0]));
    written.call({ type: 'status' }, status('erased', 2));
    if (isBefore) written.call({ type: 'erase', version: 1 }, '?');
    return written.history();
  };
  verifyHistory(script(false), strict);
  assert.match(finding(script(true)), /before: live, version 1/);
});

test('an answered call takes effect once, unless messages may be repeated', () => {
  const script = new Script();
  for (const { request, reply } of registration(1, 1, 2, 0)) script.call(request, reply);
  script.call(start('k1', 'word 1'), started(1, 1, 1));
  script.call(finish('k1', 1, 'word 1'), recovered('payload 1', 1, 2, [], 'auth 1'));
  script.call({ type: 'status' }, status('live', 1, [2, 1, 1]));
  finding(script.history());
  assert.equal(verifyHistory(script.history(), { repeatsMax: 1 }).repeats, 1);
  // A repeated start charges its own attempt and no other one: two failures are one too many.
  script.call({ type: 'status' }, status('live', 1, [2, 0, 2]));
  finding(script.history(), { repeatsMax: 3 });
});

test('a gateway that sends a message to a second agent explains a refund without its proof, and no refund twice', () => {
  const resends = { resends: true, repeatsMax: 0 };
  const resent = edited(life, { refund: recovered('payload 1', 1, 3, []), 'old proof': null });
  finding(told(resent));
  verifyHistory(told(resent), resends);
  finding(told(edited(life, { look: status('live', 1, [3, 3, 0]) })), resends);
  finding(told(edited(life, { look: status('live', 1, [3, 1, 2]) })), resends);
});

test('accounts are checked one by one', () => {
  const script = new Script();
  for (const { request, reply } of registration(1, 1, 2, 0)) script.call(request, reply, 'ann', 'ann');
  script.call({ type: 'status' }, status('none', 0), 'bob', 'bob');
  assert.equal(verifyHistory(script.history(), strict).accounts, 2);
  script.call({ type: 'status' }, status('none', 0), 'ann', 'ann');
  assert.match(finding(script.history()), /^ann: /);
});

test('a failing window holds what is wrong and little else', () => {
  const message = finding(told(edited(life, { look: status('live', 1, [3, 1, 2]) })));
  assert.deepEqual(
    message.split('\n').map((line) => line.replaceAll(/[0-9a-f]{6}/g, 'NAME')),
    [
      'vault: no order of these calls explains the answers',
      'before: live, version 1, resets 0, budget 2 of 3, password NAME, open NAME',
      '>>      22.0 .. 23.0      #11    ann        status -> status (state live, version 1, budgetMax 3, budget 1, failures 2, resets 0)',
    ],
  );
});

test('a search that becomes too long says so', () => {
  const options = { repeatsMax: 0, visitsMax: 5 };
  assert.throws(() => verifyHistory(told(life), options), { code: 'undecided' });
});

test('a finish whose password nobody named may be right or wrong, but charges no other attempt', () => {
  const script = new Script();
  const unnamed = { type: 'recover.finish', ke1: nameOfText('k1'), version: 1 } as const;
  for (const { request, reply } of registration(1, 1, 2, 0)) script.call(request, reply);
  script.call({ type: 'recover.start', ke1: nameOfText('k1') }, started(1, 1, 1));
  script.call(unnamed, '?');
  script.call({ type: 'status' }, status('live', 1, [2, 1, 1]));
  script.call({ type: 'status' }, status('live', 1, [2, 2, 0]));
  verifyHistory(script.history(), strict);
  script.call({ type: 'status' }, status('live', 1, [2, 1, 1]));
  finding(script.history());
});

test('hundreds of lost guesses are no hundreds of bits of state', () => {
  const script = new Script();
  for (const { request, reply } of registration(1, 1, 4, 0)) script.call(request, reply);
  for (let i = 0; i < 300; i++) script.call(start(`lost ${i}`, 'wrong'), '?');
  script.call({ type: 'status' }, status('live', 1, [4, 1, 3]));
  script.call(start('heard', 'word 1'), started(1, 0, 4));
  script.call(finish('heard', 1, 'word 1'), recovered('payload 1', 1, 1, ['lost 7', 'lost 8', 'lost 299'], 'auth 1'));
  const { visits } = verifyHistory(script.history(), strict);
  assert.ok(visits < 1_000, `${visits} configurations`);
  script.call({ type: 'status' }, status('live', 1, [4, 2, 2]));
  finding(script.history());
});
