import { concat } from '@coffer/base';
import type { SeededRandom } from '@coffer/testing';

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff];
const lengths = [1, 2, 4, 8, 32, 33, 64];

/**
 * Another input that is close to one that decodes. Half of the edits know how the layouts of this project are made: counts
 * and lengths before what they count, fields of 32 and 64 bytes, JSON and lines of text.
 */
export function mutate(random: SeededRandom, seeds: readonly Uint8Array[]): Uint8Array {
  let out: Uint8Array = random.pick(seeds);
  const edits = random.pick([1, 1, 1, 2, 3, 6]);
  for (let i = 0; i < edits; i++) out = edit(random, out, seeds);
  return out;
}

function edit(random: SeededRandom, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  // Tags, counts and terms stand in front.
  const isFront = random.chance(0.4);
  const at = random.integer(0, isFront ? Math.min(64, bytes.length) : bytes.length);
  const length = random.pick(lengths);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.integer(0, 11)) {
    case 0:
      return overwrite(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.integer(0, 7))));
    case 1:
      return overwrite(bytes, at, number(random.pick(extremes), random.pick([1, 2, 4, 8])));
    case 2:
      return overwrite(bytes, at, number((bytes[at] ?? 0) + random.pick([-1, 1]), 1));
    case 3:
      return overwrite(bytes, at, noise(random, length));
    case 4:
      return concat(head, noise(random, length), tail);
    case 5:
      return concat(head, tail.subarray(length));
    case 6:
      return concat(head, tail.subarray(0, length), tail);
    case 7:
      return head;
    case 8:
      return resize(random, bytes, at);
    case 9:
      return splice(random, bytes, at, random.pick(seeds));
    case 10:
      return swapLines(random, bytes);
    default:
      return token(random, bytes, at);
  }
}

/** Finds a length before what it counts, and changes both together. */
function resize(random: SeededRandom, bytes: Uint8Array, from: number): Uint8Array {
  for (let at = from; at + 4 <= bytes.length && at < from + 200; at++) {
    for (const width of [4, 2, 1]) {
      const count = bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0);
      const end = at + width + count;
      if (count === 0 || end > bytes.length) continue;
      const body = bytes.subarray(at + width, end);
      const next = random.chance(0.5)
        ? body.subarray(0, random.integer(0, body.length))
        : concat(body, noise(random, random.pick(lengths)));
      return concat(bytes.subarray(0, at), number(next.length, width), next, bytes.subarray(end));
    }
  }
  return bytes;
}

function splice(random: SeededRandom, bytes: Uint8Array, at: number, other: Uint8Array): Uint8Array {
  const from = random.chance(0.5) ? Math.min(at, other.length) : random.integer(0, other.length);
  return concat(bytes.subarray(0, at), other.subarray(from));
}

function swapLines(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const ends: number[] = [0];
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x0a || bytes[i] === 0x2c) ends.push(i + 1);
  const lines = ends.map((start, i) => bytes.subarray(start, ends[i + 1] ?? bytes.length));
  const [a, b] = [random.integer(0, lines.length - 1), random.integer(0, lines.length - 1)];
  const kept = lines[a] as Uint8Array;
  lines[a] = random.chance(0.3) ? new Uint8Array() : (lines[b] as Uint8Array);
  if (random.chance(0.7)) lines[b] = kept;
  return concat(...lines);
}

const tokens = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '0',
  '1e9',
  'null',
  'true',
  '\\u0000',
  '\n',
  ' ',
  '=',
  'é',
  '\uFEFF',
].map((text) => new TextEncoder().encode(text));

function token(random: SeededRandom, bytes: Uint8Array, at: number): Uint8Array {
  return concat(bytes.subarray(0, at), random.pick(tokens), bytes.subarray(at + random.pick([0, 0, 1, 2])));
}

function overwrite(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const out = bytes.slice();
  out.set(by.subarray(0, Math.max(0, out.length - at)), Math.min(at, out.length));
  return out;
}

function number(value: number, width: number): Uint8Array {
  const out = new Uint8Array(width);
  for (let i = width - 1, rest = value >>> 0; i >= 0; i--, rest = Math.floor(rest / 256)) out[i] = rest & 0xff;
  return out;
}

function noise(random: SeededRandom, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255));
}
