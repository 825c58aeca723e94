import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LedgerError, MemoryLedgerStore } from '@coffer/ledger';
import { FaultyLedger, goodLedger, type LedgerWeather, SeededRandom, Trace, VirtualTime } from '@coffer/testing';

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const term = { round: 1n, leaderId: 1 };

function ledger() {
  const time = new VirtualTime(0);
  const store = new MemoryLedgerStore({ configHash: hash(1), genesis: [hash(0)] }, time);
  const weather: LedgerWeather = { profile: goodLedger, down: false };
  let isReachable = true;
  const faulty = new FaultyLedger(
    store.open(),
    'agent1',
    { time, random: new SeededRandom('ledger'), weather, trace: new Trace(time) },
    () => isReachable,
  );
  const finished = async <T>(work: Promise<T>): Promise<T | string> => {
    const outcome = work.catch((error: LedgerError) => error.code);
    await time.run(time.nowMs() + 1_000);
    return outcome;
  };
  const cut = (): void => {
    isReachable = false;
  };
  return { time, weather, faulty, finished, cut };
}

test('on a good day calls take time and take effect', async () => {
  const { time, faulty, finished } = ledger();
  assert.equal(await finished(faulty.raiseTerm(0, term)), 'raised');
  assert.deepEqual(await finished(faulty.tail(0)), { term, index: 0n, hash: hash(0) });
  assert.ok(time.events > 0);
});

test('a failure before the commit changes nothing, one after it hides what changed', async () => {
  const { weather, faulty, finished } = ledger();
  weather.profile = { ...goodLedger, failBeforeRate: 1 };
  assert.equal(await finished(faulty.raiseTerm(0, term)), 'unavailable');
  weather.profile = goodLedger;
  assert.equal(((await finished(faulty.tail(0))) as { term: { round: bigint } }).term.round, 0n);
  weather.profile = { ...goodLedger, failAfterRate: 1 };
  assert.equal(await finished(faulty.raiseTerm(0, term)), 'unavailable');
  weather.profile = goodLedger;
  assert.equal(((await finished(faulty.tail(0))) as { term: { round: bigint } }).term.round, 1n);
});

test('an engine that is down, or cut off, answers nothing', async () => {
  const { weather, faulty, finished, cut } = ledger();
  weather.down = true;
  assert.equal(await finished(faulty.lease.acquire(0, 1, 100)), 'unavailable');
  weather.down = false;
  assert.deepEqual(await finished(faulty.lease.acquire(0, 1, 1_000_0)), { holder: 1, expiresInMs: 10_000 });
  cut();
  assert.equal(await finished(faulty.tail(0)), 'unavailable');
});

test('a watch tells of a change, and of none once it is stopped', async () => {
  const { faulty, finished } = ledger();
  let calls = 0;
  const stop = faulty.watch(0, () => {
    calls++;
  });
  await finished(faulty.raiseTerm(0, term));
  assert.equal(calls, 1);
  stop();
  await finished(faulty.raiseTerm(0, { round: 2n, leaderId: 1 }));
  assert.equal(calls, 1);
});
