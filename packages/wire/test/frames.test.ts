import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@coffer/base';
import { decode, encodeFrame, FrameDecoder, fixed, WireError } from '@coffer/wire';
import fc from 'fast-check';

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      (bodies, cuts) => {
        const stream = concat(...bodies.map((body) => encodeFrame(body, 40)));
        const decoder = new FrameDecoder(40);
        const out: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const next = at + (cuts[i % cuts.length] as number);
          out.push(...decoder.push(stream.subarray(at, next)));
          at = next;
        }
        assert.deepEqual(out, bodies);
        assert.ok(decoder.clean);
      },
    ),
  );
});

test('a frame over the limit is refused by its announced length, before its body is there', () => {
  assert.throws(
    () => encodeFrame(new Uint8Array(41), 40),
    (e) => e instanceof WireError && e.code === 'frame-too-large',
  );
  for (const head of [
    [0, 0, 0, 41],
    [0xff, 0xff, 0xff, 0xff],
    [0x80, 0, 0, 0],
  ]) {
    const decoder = new FrameDecoder(40);
    assert.throws(
      () => decoder.push(Uint8Array.from(head)),
      (e) => e instanceof WireError && e.code === 'frame-too-large',
    );
  }
});

test('a large frame that comes byte by byte is kept in one buffer, not in one piece for each byte', () => {
  const body = new Uint8Array(300_000).fill(7);
  const decoder = new FrameDecoder(body.length);
  const out = [...encodeFrame(body, body.length)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
  assert.deepEqual(out, [body]);
  assert.ok(decoder.clean);
});

test('a stream that ends inside a frame is not clean', () => {
  const decoder = new FrameDecoder(40);
  decoder.push(Uint8Array.of(0, 0, 0, 2, 1));
  assert.equal(decoder.clean, false);
});

test('frames and fields cut from a Buffer are copies: changing them leaves the stream as it was', () => {
  const stream = Buffer.from(encodeFrame(Uint8Array.of(1, 2, 3), 40));
  const [frame] = new FrameDecoder(40).push(stream);
  const field = decode(fixed(3), stream.subarray(4));
  for (const bytes of [frame, field]) {
    assert.equal(bytes?.constructor, Uint8Array);
    bytes?.fill(9);
  }
  assert.deepEqual([...stream], [0, 0, 0, 3, 1, 2, 3]);
});
