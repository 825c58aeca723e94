import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '@coffer/base';
import {
  ByteWriter,
  bool,
  bytes,
  decode,
  empty,
  encode,
  enumerated,
  fixed,
  type Layout,
  list,
  optional,
  pad,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  unpad,
  variant,
  WireError,
} from '@coffer/wire';
import fc from 'fast-check';

const code = (code: string) => (error: unknown) => error instanceof WireError && error.code === code;

type Shape = { readonly type: 'dot' } | { readonly type: 'box'; readonly side: number; readonly name: string };

const everything = struct<{
  a: number;
  b: bigint;
  c: Uint8Array;
  d: readonly number[];
  e: Uint8Array | undefined;
  f: Shape;
  g: 'red' | 'green';
  h: boolean;
}>({
  a: u32,
  b: u64,
  c: fixed(3),
  d: list(u16, 4),
  e: optional(bytes(5)),
  f: variant<Shape>({ dot: [1, empty], box: [7, struct<{ side: number; name: string }>({ side: u8, name: text(8) })] }),
  g: enumerated(['red', 'green']),
  h: bool,
});

const anything = fc.record(
  {
    a: fc.integer({ min: 0, max: 0xffff_ffff }),
    b: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    c: fc.uint8Array({ minLength: 3, maxLength: 3 }),
    d: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 4 }),
    e: fc.option(fc.uint8Array({ maxLength: 5 }), { nil: undefined }),
    f: fc.oneof(
      fc.constant({ type: 'dot' } as const),
      fc.record(
        { type: fc.constant('box' as const), side: fc.nat(255), name: fc.constantFrom('', 'a', 'é', '12345678') },
        { noNullPrototype: true },
      ),
    ),
    g: fc.constantFrom('red', 'green') as fc.Arbitrary<'red' | 'green'>,
    h: fc.boolean(),
  },
  { noNullPrototype: true },
);

test('whatever is encoded decodes to the same value, and any shorter or longer bytes are refused', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const encoded = encode(everything, value);
      assert.deepEqual(decode(everything, encoded), value);
      for (let length = 0; length < encoded.length; length++) {
        assert.throws(() => decode(everything, encoded.subarray(0, length)), WireError);
      }
      assert.throws(() => decode(everything, Uint8Array.of(...encoded, 0)), code('trailing'));
    }),
  );
});

test('whatever decodes encodes to the same bytes: there is no second spelling', () => {
  fc.assert(
    fc.property(anything, fc.nat(1000), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const encoded = encode(everything, value);
      encoded[at % encoded.length] = (encoded[at % encoded.length] as number) ^ flip;
      let decoded: typeof value;
      try {
        decoded = decode(everything, encoded) as typeof value;
      } catch (error) {
        assert.ok(error instanceof WireError);
        return;
      }
      assert.equal(hex(encode(everything, decoded)), hex(encoded));
    }),
    { numRuns: 1000 },
  );
});

test('every limit at its edge, in both directions', () => {
  const rows: [Layout<never>, unknown, string][] = [
    [u8 as never, 256, 'bad-value'],
    [u16 as never, 65_536, 'bad-value'],
    [u32 as never, 2 ** 32, 'bad-value'],
    [u32 as never, -1, 'bad-value'],
    [u32 as never, 1.5, 'bad-value'],
    [u64 as never, 2n ** 64n, 'bad-value'],
    [fixed(2) as never, new Uint8Array(3), 'bad-value'],
    [bytes(2) as never, new Uint8Array(3), 'over-limit'],
    [list(u8, 1) as never, [1, 2], 'over-limit'],
    [text(2) as never, 'abc', 'over-limit'],
    [enumerated(['a']) as never, 'b', 'bad-value'],
  ];
  for (const [layout, value, expected] of rows) assert.throws(() => encode(layout, value as never), code(expected));
  assert.throws(() => decode(bytes(2), Uint8Array.of(0, 0, 0, 3, 1, 2, 3)), code('over-limit'));
  assert.throws(() => decode(list(u8, 1), Uint8Array.of(0, 0, 0, 2, 1, 2)), code('over-limit'));
  assert.throws(() => decode(bool, Uint8Array.of(2)), code('bad-value'));
  assert.throws(() => decode(enumerated(['a']), Uint8Array.of(1)), code('bad-value'));
  assert.throws(() => decode(text(9), Uint8Array.of(0, 0, 0, 1, 0xff)), code('bad-value'));
  assert.throws(
    () => decode(variant<Shape>({ dot: [1, empty], box: [7, empty] as never }), Uint8Array.of(2)),
    code('bad-value'),
  );
});

test('an announced length never makes room for more than there is', () => {
  assert.throws(() => decode(bytes(0xffff_ffff), Uint8Array.of(0xff, 0xff, 0xff, 0xff)), code('truncated'));
});

test('padding hides a length up to its limit, and takes no second form', () => {
  for (const length of [0, 1, 11, 12]) {
    const padded = pad(new Uint8Array(length).fill(9), 16);
    assert.equal(padded.length, 16);
    assert.equal(unpad(padded).length, length);
  }
  assert.throws(() => pad(new Uint8Array(13), 16), code('over-limit'));
  const padded = pad(Uint8Array.of(1), 16);
  padded[15] = 1;
  assert.throws(() => unpad(padded), code('bad-value'));
  assert.throws(() => unpad(Uint8Array.of(0, 0, 0, 9, 1)), code('truncated'));
});

test('buffers that writers use again hold nothing of what was written, and two writers never share one', () => {
  const buffers: Uint8Array[] = [];
  const { slice } = Uint8Array.prototype;
  Uint8Array.prototype.slice = function (start, end) {
    buffers.push(this);
    return slice.call(this, start, end) as Uint8Array<ArrayBuffer>;
  };
  try {
    const [outer, inner] = [new ByteWriter(), new ByteWriter()];
    outer.bytes(Uint8Array.of(1, 2, 3));
    inner.bytes(new Uint8Array(20_000).fill(4));
    assert.deepEqual([...inner.finish()].slice(0, 2), [4, 4]);
    outer.bytes(encode(u8, 5));
    assert.equal(hex(outer.finish()), '01020305');
    assert.throws(() => encode(fixed(2), Uint8Array.of(9)), code('bad-value'));
    assert.equal(hex(encode(u16, 6)), '0006');
  } finally {
    Uint8Array.prototype.slice = slice;
  }
  assert.ok(buffers.some(({ length }) => length > 100));
  for (const buffer of buffers) if (buffer.length > 100) assert.ok(buffer.every((byte) => byte === 0));
});
