import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ByteCollector,
  BytesError,
  base64url,
  compareBytes,
  concat,
  equalBytes,
  fromBase64url,
  fromHex,
  hex,
  lengthPrefixed,
  u16be,
  u32be,
  u64be,
  utf8,
  utf8Text,
  zero,
} from '@coffer/base';
import fc from 'fast-check';

const bytes = fc.uint8Array({ maxLength: 100 });
const code = (code: string) => (error: unknown) => error instanceof BytesError && error.code === code;

test('hexadecimal and base64url agree with Buffer on any bytes, and come back', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      assert.equal(hex(input), Buffer.from(input).toString('hex'));
      assert.equal(base64url(input), Buffer.from(input).toString('base64url'));
      assert.deepEqual(fromHex(hex(input)), input);
      assert.deepEqual(fromBase64url(base64url(input)), input);
    }),
  );
});

test('text that is no hexadecimal, base64url or UTF-8 is refused by its code', () => {
  for (const text of ['0', 'zz', '0x', 'é0']) assert.throws(() => fromHex(text), code('bad-hex'));
  // 'AB' has stray low bits: it would be a second spelling of 'AA'.
  for (const text of ['A', 'AB', 'AAA=', 'A+', 'AAAAA']) assert.throws(() => fromBase64url(text), code('bad-base64'));
  for (const input of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
    assert.throws(() => utf8Text(Uint8Array.from(input)), code('bad-utf8'));
  }
});

test('a byte order mark is text like any other', () => {
  assert.equal(utf8Text(utf8('\ufeffa')), '\ufeffa');
});

test('big-endian integers at their edges', () => {
  assert.equal(hex(concat(u16be(0), u16be(65_535))), '0000ffff');
  assert.equal(hex(concat(u32be(0), u32be(0xffff_ffff))), '00000000ffffffff');
  assert.equal(
    hex(concat(u64be(0n), u64be(2n ** 64n - 1n), u64be(258n))),
    '0000000000000000ffffffffffffffff0000000000000102',
  );
});

test('a length prefix is two bytes, and 65,535 is the most', () => {
  assert.equal(hex(lengthPrefixed(Uint8Array.of(7, 8))), '00020708');
  assert.equal(lengthPrefixed(new Uint8Array(65_535)).length, 65_537);
  assert.throws(() => lengthPrefixed(new Uint8Array(65_536)), RangeError);
});

test('equality and order of byte strings', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.ok(equalBytes(a, a.slice()));
    }),
  );
});

test('zero overwrites in place', () => {
  const secret = Uint8Array.of(1, 2, 3);
  zero(secret.subarray(1));
  assert.deepEqual(secret, Uint8Array.of(1, 0, 0));
});

test('a body in pieces of any size is the same body, and is copied', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 60 }), (chunks) => {
      const collector = new ByteCollector();
      for (const chunk of chunks) {
        const sent = chunk.slice();
        collector.add(sent);
        sent.fill(0);
      }
      const whole = concat(...chunks);
      assert.equal(collector.length, whole.length);
      assert.deepEqual(collector.whole(), whole);
    }),
  );
});

test('a body in more single bytes than a call has arguments costs what it weighs', () => {
  const plain = Uint8Array;
  let allocations = 0;
  let allocatedBytes = 0;
  // Every array that is made of a length, by whatever means: `new`, `slice` of a piece.
  class Counted extends plain<ArrayBuffer> {
    constructor(first: ArrayBuffer | number, ...rest: number[]) {
      super(...([first, ...rest] as unknown as [ArrayBuffer]));
      if (typeof first !== 'number') return;
      allocations++;
      allocatedBytes += first;
    }
  }
  const one = new Counted(1).fill(7);
  const collector = new ByteCollector();
  globalThis.Uint8Array = Counted as unknown as typeof Uint8Array;
  try {
    for (let i = 0; i < 300_000 && allocations < 20; i++) collector.add(one);
  } finally {
    globalThis.Uint8Array = plain;
  }
  assert.ok(allocations < 20 && allocatedBytes < 4 * 300_000, `${allocations} allocations, ${allocatedBytes} bytes`);
  assert.ok(equalBytes(collector.whole(), new Uint8Array(300_000).fill(7)));
});
