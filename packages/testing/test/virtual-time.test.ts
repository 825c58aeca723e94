import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@coffer/base';
import { Life, SeededRandom, VirtualTime } from '@coffer/testing';

test('events run in order of time, then of scheduling', async () => {
  const random = new SeededRandom('order');
  const time = new VirtualTime(0);
  const planned = Array.from({ length: 300 }, (_, i) => ({ i, atMs: random.integer(0, 50) }));
  const ran: { i: number; atMs: number }[] = [];
  for (const one of planned) time.after(one.atMs, () => ran.push({ ...one, atMs: time.nowMs() }));
  await time.run(50);
  assert.deepEqual(
    ran,
    planned.toSorted((a, b) => a.atMs - b.atMs || a.i - b.i),
  );
});

test('all promise jobs of an event run before the next one', async () => {
  const time = new VirtualTime(0);
  const log: string[] = [];
  time.after(5, async () => {
    for (let i = 0; i < 20; i++) await undefined;
    log.push('first');
  });
  time.after(5, () => log.push('second'));
  await time.run(5);
  assert.deepEqual(log, ['first', 'second']);
});

test('a cancelled event does not run, also when it is cancelled by one at the same time', async () => {
  const time = new VirtualTime(0);
  let cancel = (): void => undefined;
  time.after(1, () => cancel());
  cancel = time.after(1, () => assert.fail('cancelled'));
  await time.run(10);
  assert.equal(time.nowMs(), 10);
});

test('a run stops at its end or when it is done, and goes on from there', async () => {
  const time = new VirtualTime(100);
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    time.after(10, tick);
  };
  tick();
  assert.equal(await time.run(125), false);
  assert.equal(time.nowMs(), 125);
  assert.equal(ticks, 3);
  assert.equal(await time.run(1_000, () => ticks === 10), true);
  assert.equal(time.nowMs(), 190);
});

test('a process that ended does nothing any more', async () => {
  const time = new VirtualTime(0);
  const life = new Life();
  const timers = life.timers(time);
  timers.after(5, () => assert.fail('a timer of the dead'));
  void life.within(() => sleep(time, 5)).then(() => assert.fail('an answer to the dead'));
  void life
    .within(async () => {
      await sleep(time, 5);
      throw new Error('lost');
    })
    .then(assert.fail, () => assert.fail('an error to the dead'));
  await time.run(3);
  life.end();
  void life.within(async () => assert.fail('a call of the dead')).then(assert.fail);
  timers.after(1, () => assert.fail('a new timer of the dead'));
  await time.run(20);
});
