import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import { Witness, WitnessError, type WitnessStore } from '@coffer/witness';
import { MemoryStore, TestClock, TestLog, witnessKey } from './harness.js';

/**
 * Invariant: of all that one witness ever cosigned, each tree begins with every smaller one. Attack: a log with two
 * histories tries each of them after every power cut, because a witness that forgot what it signed would sign the other.
 */
const sizes = [2, 3, 7, 8, 12];
const log = new TestLog(12);
const fork = new TestLog(12, { forkAt: 2 });

/** A checkpoint of `log` or `fork` that was cosigned. Up to two leaves they are one tree. */
interface Cosigned {
  readonly size: number;
  readonly root: string;
}

function isOneHistory(cosigned: readonly Cosigned[]): boolean {
  return [log, fork].some((history) => cosigned.every(({ size, root }) => root === hex(history.root(size))));
}

/** Shows both histories, in turn, to a witness that loses power as `store` says, and starts again each time. */
function attack(store: MemoryStore, port: WitnessStore): Cosigned[] {
  const cosigned: Cosigned[] = [];
  const open = (): Witness | undefined => {
    try {
      return new Witness({ signer: witnessKey, logs: [log.signer], store: port, clock: new TestClock() });
    } catch (error) {
      assert.ok(error instanceof WitnessError && error.code === 'halted');
      return undefined;
    }
  };
  let witness = open();
  const show = (history: TestLog, size: number): void => {
    // The log does not know either what a witness remembers, and tries all.
    for (const oldSize of [0, ...sizes.filter((each) => each <= size)]) {
      try {
        witness ??= open() ?? open();
        if (witness?.addCheckpoint(history.request(oldSize, size)).status === 200)
          cosigned.push({ size, root: hex(history.root(size)) });
      } catch (error) {
        assert.ok(error instanceof WitnessError && error.code === 'halted');
        witness = undefined;
        // The first that the restarted witness sees is the other history.
        show(history === log ? fork : log, size);
      }
    }
  };
  for (const size of [...sizes, ...sizes]) for (const history of [log, fork]) show(history, size);
  assert.ok(store.writes > 0);
  return cosigned;
}

test('power cuts before and after every write: never two histories, and it goes on', () => {
  const whole = new MemoryStore();
  attack(whole, whole);
  let runs = 0;
  for (let at = 1; at <= whole.writes; at++) {
    for (const when of ['before', 'after'] as const) {
      const store = new MemoryStore();
      [store.failsAt, store.failsWhen] = [at, when];
      const cosigned = attack(store, store);
      assert.ok(isOneHistory(cosigned), `write ${at} ${when}`);
      assert.ok(
        cosigned.some(({ size }) => size === 12),
        `write ${at} ${when}: it goes on`,
      );
      runs++;
    }
  }
  assert.ok(runs >= 2 * sizes.length);
});

test('the same attack finds a store that loses a write that it said it had made', () => {
  const store = new MemoryStore();
  store.failsAt = 3;
  const forgetful: WitnessStore = {
    read: () => undefined,
    write: (origin, bytes) => store.write(origin, bytes),
  };
  assert.equal(isOneHistory(attack(store, forgetful)), false);
});

test('a start writes once more what it read: it may not have been durable yet', () => {
  const store = new MemoryStore();
  const options = { signer: witnessKey, logs: [log.signer], store, clock: new TestClock() };
  new Witness(options).addCheckpoint(log.request(0, 2));
  const before = store.read(log.signer.name);
  new Witness(options);
  assert.equal(store.writes, 2);
  assert.deepEqual(store.read(log.signer.name), before);
});
