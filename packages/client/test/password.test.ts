import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex, utf8Text } from '@coffer/base';
import { passwordBytesMax, preparePassword } from '@coffer/client';
import fc from 'fast-check';
import { code } from './harness.js';

interface Vector {
  readonly note: string;
  readonly input?: string;
  readonly points?: string;
  readonly utf8?: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/client/passwords.json', import.meta.url), 'utf8'),
) as {
  readonly valid: readonly Vector[];
  readonly invalid: readonly Vector[];
};
const textOf = ({ input, points = '' }: Vector): string =>
  input ??
  String.fromCodePoint(
    ...points
      .split(' ')
      .filter(Boolean)
      .map((point) => Number.parseInt(point, 16)),
  );

for (const vector of vectors.valid) {
  test(`OpaqueString accepts: ${vector.note}`, () => assert.equal(hex(preparePassword(textOf(vector))), vector.utf8));
}
for (const vector of vectors.invalid) {
  test(`OpaqueString refuses: ${vector.note}`, () =>
    assert.throws(() => preparePassword(textOf(vector)), code('bad-password')));
}

test('a lone surrogate is refused', () => {
  assert.throws(() => preparePassword('a\ud800'), code('bad-password'));
});

test('length limit, in bytes after preparation', () => {
  assert.equal(preparePassword('é'.repeat(passwordBytesMax / 2)).length, passwordBytesMax);
  assert.throws(() => preparePassword(`${'é'.repeat(passwordBytesMax / 2)}a`), code('bad-password'));
});

test('preparing twice changes nothing (property; RFC 8264 §7)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
      let once: Uint8Array;
      try {
        once = preparePassword(text);
      } catch (error) {
        assert.ok(code('bad-password')(error));
        return;
      }
      assert.deepEqual(preparePassword(utf8Text(once)), once);
    }),
    { numRuns: 2_000 },
  );
});

test('the error quotes nothing of the password', () => {
  assert.throws(
    () => preparePassword('hunter2\u0007'),
    (error) => error instanceof Error && !error.message.includes('hunter2'),
  );
});
