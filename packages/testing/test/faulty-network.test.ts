import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultyNetwork, goodNetwork, SeededRandom, Trace, VirtualTime } from '@coffer/testing';

function network(profile = goodNetwork) {
  const time = new VirtualTime(0);
  const faulty = new FaultyNetwork(time, new SeededRandom('net'), new Trace(time));
  faulty.profile = profile;
  let served = 0;
  const call = (from: string, to: string) =>
    faulty.call({
      from,
      to,
      timeoutMs: 100,
      message: Uint8Array.of(7),
      serve: async (message) => {
        served++;
        return Uint8Array.of(...message, 8);
      },
      unavailable: (why) => new Error(why),
    });
  const outcome = (from: string, to: string): Promise<string> =>
    call(from, to).then(
      (reply) => reply.join(),
      (error: Error) => error.message,
    );
  return { time, faulty, outcome, served: () => served };
}

test('a good network delivers once and answers', async () => {
  const { time, outcome, served } = network();
  const answer = outcome('a', 'b');
  await time.run(50);
  assert.equal(await answer, '7,8');
  assert.equal(served(), 1);
});

test('a lost message ends in a timeout', async () => {
  const { time, outcome, served } = network({ ...goodNetwork, lossRate: 1 });
  const answer = outcome('a', 'b');
  await time.run(100);
  assert.equal(await answer, 'timeout');
  assert.equal(served(), 0);
});

test('a duplicated request is served twice and answered once', async () => {
  const { time, outcome, served } = network({ ...goodNetwork, duplicateRate: 1 });
  const answer = outcome('a', 'b');
  await time.run(50);
  assert.equal(await answer, '7,8');
  assert.equal(served(), 2);
});

test('one direction blocked: the request arrives and its answer does not', async () => {
  const { time, faulty, outcome, served } = network();
  faulty.block('b', 'a');
  const answer = outcome('a', 'b');
  await time.run(100);
  assert.equal(await answer, 'timeout');
  assert.equal(served(), 1);
});

test('a partition separates its sides, leaves others alone, and heals', async () => {
  const { time, faulty, outcome } = network();
  faulty.partition([['a'], ['b', 'c']]);
  const answers = Promise.all([outcome('a', 'b'), outcome('c', 'a'), outcome('b', 'c'), outcome('a', 'd')]);
  await time.run(100);
  assert.deepEqual(await answers, ['timeout', 'timeout', '7,8', '7,8']);
  faulty.heal();
  const healed = outcome('a', 'b');
  await time.run(200);
  assert.equal(await healed, '7,8');
});

test('a slow message is overtaken', async () => {
  const time = new VirtualTime(0);
  const faulty = new FaultyNetwork(time, new SeededRandom('slow'), new Trace(time));
  faulty.profile = { ...goodNetwork, slowRate: 0.5, slowMaxMs: 90 };
  const order: number[] = [];
  for (let i = 0; i < 20; i++) {
    const serve = async (message: Uint8Array): Promise<Uint8Array> => {
      order.push(message[0] as number);
      return message;
    };
    const unavailable = (why: string): Error => new Error(why);
    void faulty.call({ from: 'a', to: 'b', timeoutMs: 1_000, message: Uint8Array.of(i), serve, unavailable });
  }
  await time.run(500);
  assert.equal(order.length, 20);
  assert.notDeepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});
