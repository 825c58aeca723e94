import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchItem } from '@coffer/hsm';
import {
  type EntryHash,
  sealReply,
  sealRequest,
  sealTicketedRequest,
  type Ticket,
  type VaultReply,
  type VaultRequest,
  vaultIdOf,
} from '@coffer/protocol';
import { fleetKit, GuessChecker, SeededEntropy, SeededRandom } from '@coffer/testing';

const { fleet, channelKey } = fleetKit({ sites: 1, groups: 1, rollbackTolerance: 0, budgetLimit: 3 });
const vaultId = vaultIdOf('sim', 'ann');
const vault = { fleet, vaultId };

/** An HSM that keeps no rule at all: it answers what the test says, in one entry per request. */
function liar() {
  const checker = new GuessChecker(fleet, channelKey);
  const entropy = new SeededEntropy(new SeededRandom('liar'));
  let index = 0n;
  const say = (request: VaultRequest, reply: VaultReply, ticket?: Ticket): string[] => {
    const sealed =
      ticket === undefined
        ? sealRequest(vault, request, entropy)
        : sealTicketedRequest(vault, ticket, request, entropy);
    index++;
    const at = { index, hash: new Uint8Array(32).fill(Number(index)) as EntryHash };
    const item: BatchItem = { vaultId, request: sealed.sealed, leaf: undefined };
    const found = checker.execute(at, [item], [0]);
    const replies = [sealReply(vault, sealed, reply, entropy)];
    found.push(...checker.release({ ...at, replies }, () => true));
    return found.map(({ code }) => code);
  };
  const tickets = new Map<number, Ticket>();
  const guess = (n: number, budgetMax = 2, failures = Math.min(n, budgetMax)): string[] => {
    const ticket = tickets.get(n) ?? {
      ticket: new Uint8Array(300).fill(n),
      resumptionSecret: new Uint8Array(32).fill(n),
    };
    tickets.set(n, ticket);
    const reply: VaultReply = {
      type: 'recover.started',
      ke2: new Uint8Array(320),
      ksf: { memoryKiB: 19_456, passes: 2, lanes: 1 },
      version: 1,
      budget: budgetMax - failures,
      failures,
      ...ticket,
    };
    return say({ type: 'recover.start', ke1: new Uint8Array(96).fill(n) }, reply);
  };
  const finish = (n: number, reply: VaultReply): string[] =>
    say({ type: 'recover.finish', ke3: new Uint8Array(64) }, reply, tickets.get(n));
  return { checker, say, guess, finish };
}

const recovered: VaultReply = {
  type: 'recovered',
  payload: new Uint8Array(8),
  version: 1,
  budget: 2,
  openAttempts: [],
  authTicket: undefined,
};

test('it reads what was sealed to a client', () => {
  const { checker, guess } = liar();
  assert.deepEqual(guess(1), []);
  assert.equal(checker.repliesRead, 1);
});

test('as many evaluations as guesses are good, the same KE1 counts once, one more is found', () => {
  const { guess } = liar();
  assert.deepEqual([...guess(1), ...guess(2), ...guess(2), ...guess(1)], []);
  assert.deepEqual(guess(3), ['over-budget']);
});

test('a success gives back its own guess and no other', () => {
  const { guess, finish } = liar();
  assert.deepEqual([...guess(1), ...finish(1, recovered), ...guess(2), ...guess(3)], []);
  assert.deepEqual(guess(4), ['over-budget']);
});

test('a failed finish gives back nothing', () => {
  const { guess, finish } = liar();
  assert.deepEqual([...guess(1), ...finish(1, { type: 'wrong-secret', budget: 1 }), ...guess(2)], []);
  assert.deepEqual(guess(3), ['over-budget']);
});

test('a refill grants the budget once, however often it is executed', () => {
  const { guess, say } = liar();
  const refill = (): string[] =>
    say({ type: 'refill', authTicket: new Uint8Array(300) }, { type: 'refilled', budget: 2 });
  assert.deepEqual([...guess(1), ...guess(2), ...refill(), ...refill(), ...guess(3), ...guess(4)], []);
  assert.deepEqual(guess(5), ['over-budget']);
});

test('a budget that grows from reply to reply is found', () => {
  const { guess } = liar();
  guess(1);
  assert.deepEqual(guess(2, 3), ['over-budget']);
});

test('two requests for one record in one entry share a charge', () => {
  const { checker } = liar();
  const item: BatchItem = { vaultId, request: new Uint8Array(1), leaf: undefined };
  const at = { index: 1n, hash: new Uint8Array(32) as EntryHash };
  assert.deepEqual(checker.execute(at, [item, item], [0, undefined]), []);
  assert.deepEqual(checker.execute(at, [item, item], [0, 1])[0]?.code, 'double-charge');
});
