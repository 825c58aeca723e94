import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, utf8Text } from '@coffer/base';
import { decodeCanonicalJson, encodeCanonicalJson, WireError } from '@coffer/wire';

const code = (code: string) => (error: unknown) => error instanceof WireError && error.code === code;

// RFC 8785 §3.2.2 and §3.2.3: the sample object of the specification.
const sample =
  '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
const canonical =
  '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';

test('RFC 8785 §3.2.2: the sample object', () => {
  assert.equal(utf8Text(encodeCanonicalJson(JSON.parse(sample))), canonical);
});

test('names sort by UTF-16 code units (RFC 8785 §3.2.3)', () => {
  const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
  assert.equal(utf8Text(encodeCanonicalJson(names)), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test('only the canonical spelling of a value is accepted', () => {
  assert.deepEqual(decodeCanonicalJson(utf8('{"a":1,"b":[]}'), 100), { a: 1, b: [] });
  for (const text of [
    '{"b":[],"a":1}',
    '{"a":1,"a":1}',
    '{"a":1.0}',
    ' {"a":1}',
    '{"a":"\\u0041"}',
    '{"a":1}\n',
    '"\\ud800"',
  ]) {
    assert.throws(
      () => decodeCanonicalJson(utf8(text), 100),
      (e) => code('not-canonical')(e) || code('bad-value')(e),
      text,
    );
  }
  assert.throws(() => decodeCanonicalJson(utf8('{"a":'), 100), code('bad-json'));
  assert.throws(() => decodeCanonicalJson(Uint8Array.of(0xff), 100), code('bad-json'));
});

test('a limit is a limit', () => {
  assert.deepEqual(decodeCanonicalJson(utf8('[1,2]'), 5), [1, 2]);
  assert.throws(() => decodeCanonicalJson(utf8('[1,2]'), 4), code('over-limit'));
});

test('what JSON cannot hold is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => encodeCanonicalJson([value]), code('bad-value'));
  }
});
