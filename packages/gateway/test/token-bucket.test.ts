import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressKey, TokenBuckets } from '../dist/token-bucket.js';
import { TestTime } from './harness.js';

test('a burst, then the rate', () => {
  const time = new TestTime();
  const buckets = new TokenBuckets(time, { burst: 2, perMinute: 60, bucketsMax: 10 });
  assert.deepEqual(
    [1, 2, 3].map(() => buckets.take('a')),
    [0, 0, 1_000],
  );
  time.ms += 400;
  assert.equal(buckets.take('a'), 600);
  time.ms += 600;
  assert.deepEqual(
    [1, 2].map(() => buckets.take('a')),
    [0, 1_000],
  );
  time.ms += 3_600_000;
  assert.deepEqual(
    [1, 2, 3].map(() => buckets.take('a')),
    [0, 0, 1_000],
  );
});

test('a clock set back gives nothing', () => {
  const time = new TestTime();
  const buckets = new TokenBuckets(time, { burst: 1, perMinute: 60, bucketsMax: 10 });
  buckets.take('a');
  time.ms -= 3_600_000;
  assert.equal(buckets.take('a'), 1_000);
  time.ms += 1_000;
  assert.equal(buckets.take('a'), 0);
});

test('memory is bounded; the key not seen for longest is forgotten', () => {
  const buckets = new TokenBuckets(new TestTime(), { burst: 1, perMinute: 1, bucketsMax: 3 });
  for (const key of ['a', 'b', 'c', 'a', 'd']) buckets.take(key);
  assert.equal(buckets.size, 3);
  assert.ok(buckets.take('a') > 0, 'used lately, still known');
  assert.equal(buckets.take('b'), 0, 'forgotten');
});

test('never more than burst + rate × time (property)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.nat(5_000)),
      (burst, perMinute, gaps) => {
        const time = new TestTime();
        const buckets = new TokenBuckets(time, { burst, perMinute, bucketsMax: 10 });
        const from = time.ms;
        let taken = 0;
        for (const gap of gaps) {
          time.ms += gap;
          if (buckets.take('a') === 0) taken++;
        }
        assert.ok(taken <= burst + ((time.ms - from) * perMinute) / 60_000 + 1e-6);
      },
    ),
  );
});

test('address keys', () => {
  for (const [address, key] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const) {
    assert.equal(addressKey(address), key);
  }
});
