import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CallReply,
  type CallRequest,
  emptyVault,
  nameOfText,
  type SequentialSpec,
  searchOrder,
  stepVault,
  type TimedCall,
  type VaultCall,
  type VaultModel,
  type VaultSpec,
  vaultSpec,
} from '@coffer/testing';
import fc from 'fast-check';
import { budgetLimit, finish, registration, start } from './story.js';

/** What one configuration of the oracle is: a state in full, and the repeats that are left. */
interface Reached {
  readonly state: VaultModel;
  readonly repeats: number;
}

/**
 * Every order of the answered calls, one after another, by brute force, with every state that they can pass through: what
 * the search must agree with. It remembers nothing between orders, and takes no two states for one.
 */
function hasOrder(
  spec: VaultSpec,
  all: readonly TimedCall<VaultCall>[],
  left: readonly TimedCall<VaultCall>[],
  reached: readonly Reached[],
): boolean {
  if (left.length === 0) return reached.length > 0;
  const due = Math.min(...left.map(({ returned }) => returned ?? Number.POSITIVE_INFINITY));
  const before = all.filter(({ invoked }) => invoked < due);
  const unheard = closure(spec, before, reached);
  return left.some((timed) => {
    if (timed.invoked > due) return false;
    const next = unheard.flatMap(({ state, repeats }) =>
      spec.answers(state, timed.call).map((after) => ({ state: after, repeats })),
    );
    return next.length > 0 && hasOrder(spec, all, without(left, timed), next);
  });
}

/** All that executions without an audience can make of these: of unanswered calls at will, of others for a repeat. */
function closure(
  spec: VaultSpec,
  calls: readonly TimedCall<VaultCall>[],
  from: readonly Reached[],
): readonly Reached[] {
  const known = new Map(from.map((one) => [JSON.stringify(one), one]));
  for (const one of known.values()) {
    for (const { call, returned } of calls) {
      const repeats = one.repeats - (returned === undefined ? 0 : 1);
      if (repeats < 0) continue;
      for (const state of spec.effects(one.state, call))
        known.set(JSON.stringify({ state, repeats }), { state, repeats });
    }
  }
  return [...known.values()];
}

const without = <T>(all: readonly T[], one: T): T[] => all.filter((other) => other !== one);
const answered = (calls: readonly TimedCall<VaultCall>[]) => calls.filter(({ returned }) => returned !== undefined);

const requests: readonly CallRequest[] = [
  { type: 'status' },
  ...registration(1, 1, 1, 0).map(({ request }) => request),
  ...registration(2, 2, 2, 0).map(({ request }) => request),
  start('k1', 'word 1'),
  start('k2', 'word 2'),
  finish('k1', 1, 'word 1'),
  finish('k2', 2, 'word 2'),
  { type: 'recover.finish', ke1: nameOfText('k1'), version: 1 },
  { type: 'refill', authTicket: nameOfText('auth') },
  { type: 'erase', version: 0 },
  { type: 'erase', version: 1 },
  { type: 'erase', version: 2 },
];

/** What an HSM would draw for this request. */
function drawn(request: CallRequest, i: number): CallReply | undefined {
  if (request.type === 'register.start') {
    const of = (i % 2) + 1;
    const [registered, ticketId] = [nameOfText(`registration ${of}`), nameOfText(`ticket ${of}`)];
    return { type: 'register.started', registration: registered, ticketId };
  }
  if (request.type !== 'recover.finish') return undefined;
  const authTicket = nameOfText('auth');
  return { type: 'recovered', payload: '', version: 0, budget: 0, openAttempts: [], authTicket };
}

interface Drawn {
  readonly request: CallRequest;
  /** Ticks from its beginning to its execution and from there to its return. */
  readonly before: number;
  readonly after: number;
  readonly isLost: boolean;
  /** A reply that it borrows from another call, if any. */
  readonly lie: number | undefined;
}

const drawnCall: fc.Arbitrary<Drawn> = fc.record({
  request: fc.constantFrom(...requests),
  before: fc.nat(25),
  after: fc.nat(25),
  isLost: fc.boolean(),
  lie: fc.option(fc.nat(5), { freq: 6, nil: undefined }),
});

/** Calls as a right vault answers them, one execution every 10 ticks; then some are lost, and some answer what others did. */
function played(prefix: readonly CallRequest[], calls: readonly Drawn[]): TimedCall<VaultCall>[] {
  const all = [...prefix.map((request) => ({ request, before: 1, after: 1, isLost: false, lie: undefined })), ...calls];
  let state = emptyVault;
  const replies = all.map(({ request, isLost }, i) => {
    // A ticket that was lost is used by nobody.
    const [execution] = stepVault(state, request, isLost ? undefined : drawn(request, i), budgetLimit);
    state = execution?.next ?? state;
    return execution?.reply as CallReply;
  });
  const times = all.flatMap(({ before, after }, i) => [10 * i - before + i / 100, 10 * i + after + i / 100 + 0.001]);
  const placeOf = new Map([...times].sort((a, b) => a - b).map((time, place) => [time, place]));
  return all.map(({ request, isLost, lie }, i) => {
    const [invoked = 0, returned] = times.slice(2 * i, 2 * i + 2).map((time) => placeOf.get(time));
    const said = lie === undefined ? replies[i] : replies[prefix.length + (lie % Math.max(1, calls.length))];
    const reply = isLost ? undefined : (said ?? replies[i]);
    const call = { id: i, process: 'p', invokedMs: 0, returnedMs: undefined, request, reply };
    return { call, invoked, returned: isLost ? undefined : returned };
  });
}

test('the search finds an order exactly where there is one', () => {
  const tally = { good: 0, bad: 0 };
  fc.assert(
    fc.property(
      fc.array(drawnCall, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.nat(1),
      (calls, isLive, repeats) => {
        const prefix = isLive ? registration(1, 1, 1, 0).map(({ request }) => request) : [];
        const history = played(prefix, calls);
        const vault = vaultSpec(budgetLimit, history);
        const expected = hasOrder(vault, history, answered(history), [{ state: vault.initial, repeats }]);
        assert.equal(searchOrder(vault, history, { repeatsMax: repeats }).type === 'linearizable', expected);
        tally[expected ? 'good' : 'bad']++;
      },
    ),
    { numRuns: 1_500, seed: 4 },
  );
  assert.ok(tally.good > 200 && tally.bad > 200, JSON.stringify(tally));
});

test('the order that it finds is one', () => {
  fc.assert(
    fc.property(fc.array(drawnCall, { minLength: 1, maxLength: 12 }), (calls) => {
      const prefix = registration(1, 1, 1, 0).map(({ request }) => request);
      const history = played(
        prefix,
        calls.map((call) => ({ ...call, lie: undefined })),
      );
      const vault = vaultSpec(budgetLimit, history);
      const result = searchOrder(vault, history);
      assert.equal(result.type, 'linearizable');
      if (result.type !== 'linearizable') return;
      let states = [vault.initial];
      let latest = -1;
      for (const { timed, isHeard } of result.order) {
        // Nothing comes after something that began when it had ended.
        assert.ok((timed.returned ?? Number.POSITIVE_INFINITY) > latest);
        latest = Math.max(latest, timed.invoked);
        states = states.flatMap((state) => (isHeard ? vault.answers : vault.effects)(state, timed.call));
        assert.ok(states.length > 0);
      }
      const heard = result.order.filter(({ isHeard }) => isHeard);
      assert.equal(heard.length, history.filter(({ returned }) => returned !== undefined).length);
      const last = JSON.stringify(result.last);
      assert.ok(states.some((state) => JSON.stringify(state) === last));
    }),
    { numRuns: 300, seed: 5 },
  );
});

test('a search over many calls that do not overlap is short', () => {
  const calls = Array.from({ length: 5_000 }, (_, i) => ({ call: i, invoked: 2 * i, returned: 2 * i + 1 }));
  const counter: SequentialSpec<number, number> = {
    initial: 0,
    key: (state) => String(state),
    answers: (state, call) => (call === state ? [state + 1] : []),
    effects: (state) => [state + 1],
  };
  const result = searchOrder(counter, calls);
  assert.equal(result.type, 'linearizable');
  assert.ok(result.visits <= calls.length + 1, `${result.visits} configurations`);
});

test('memory of configurations: overlapping calls in any order are tried once for each set of them', () => {
  const size = 12;
  const calls = Array.from({ length: size }, (_, i) => ({ call: i, invoked: i, returned: 100 + i }));
  const bag: SequentialSpec<number, number> = {
    initial: 0,
    key: (state) => String(state),
    // Never explained: the search must see every set of calls, 2^12, and not every order, 12!.
    answers: (state, call) => (state === size - 1 ? [] : [state + (call >= 0 ? 1 : 0)]),
    effects: () => [],
  };
  const result = searchOrder(bag, calls);
  assert.equal(result.type, 'not-linearizable');
  assert.ok(result.visits <= 2 ** size, `${result.visits} configurations`);
});
