import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransparencyError, verifyBundle } from '@coffer/transparency';
import { forgeries, goodRequest } from './forgeries.js';

test('good', () => {
  const r = verifyBundle(goodRequest);
  assert.deepEqual(r.fleets.map((f) => f.status), ['draining', 'serving']);
});
for (const { row, name, code, request } of forgeries)
  test(`${row}: ${name}`, () => {
    assert.throws(() => verifyBundle(request), (e) => {
      if (!(e instanceof TransparencyError)) throw e;
      assert.equal(e.code, code, e.message);
      return true;
    });
  });
