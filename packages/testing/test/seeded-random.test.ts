import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededEntropy, SeededRandom } from '@coffer/testing';

const draws = (random: SeededRandom): number[] => Array.from({ length: 8 }, () => random.u32());

test('a seed gives one stream, another seed another one', () => {
  assert.deepEqual(draws(new SeededRandom('a')), draws(new SeededRandom('a')));
  assert.notDeepEqual(draws(new SeededRandom('a')), draws(new SeededRandom('b')));
});

test('a fork does not depend on what was drawn before it, and does not shift its parent', () => {
  const early = new SeededRandom('a');
  const late = new SeededRandom('a');
  const fork = draws(early.fork('x'));
  const parent = draws(late);
  assert.deepEqual(draws(late.fork('x')), fork);
  assert.deepEqual(draws(early), parent);
  assert.notDeepEqual(draws(early.fork('y')), fork);
});

test('integers stay within their bounds and reach both', () => {
  const random = new SeededRandom('bounds');
  const seen = new Set(Array.from({ length: 500 }, () => random.integer(3, 7)));
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
});

test('chance 0 never happens, 1 always, and a half about half the time', () => {
  const random = new SeededRandom('chance');
  let hits = 0;
  for (let i = 0; i < 2_000; i++) {
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
    if (random.chance(0.5)) hits++;
  }
  assert.ok(hits > 900 && hits < 1_100, `${hits}`);
});

test('a sample has no item twice', () => {
  const random = new SeededRandom('sample');
  assert.equal(new Set(random.sample([1, 2, 3, 4, 5], 4)).size, 4);
  assert.deepEqual(random.sample([1, 2, 3], 9).sort(), [1, 2, 3]);
});

test('entropy has the asked length, repeats with the seed, and does not repeat within it', () => {
  const entropy = new SeededEntropy(new SeededRandom('e'));
  for (const length of [0, 1, 3, 4, 5, 33]) assert.equal(entropy.bytes(length).length, length);
  const [a, b] = [entropy.bytes(32), entropy.bytes(32)];
  assert.notDeepEqual(a, b);
  const again = new SeededEntropy(new SeededRandom('e'));
  assert.deepEqual(again.bytes(1), new SeededEntropy(new SeededRandom('e')).bytes(1));
});
