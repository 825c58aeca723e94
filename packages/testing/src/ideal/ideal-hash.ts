import { hash } from 'node:crypto';
import { utf8 } from '@coffer/base';

/** Names what a digest is for, so that no two uses of one hash meet. */
export type Purpose = (size: 32 | 64, ...parts: readonly Uint8Array[]) => Uint8Array;

/** Longer inputs get a buffer of their own. */
const scratch = new Uint8Array(1 << 16);

/** SHA-256 or SHA-512 of the parts, one after another. */
export function digest(size: 32 | 64, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = length <= scratch.length ? scratch : new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const bytes = hash(size === 32 ? 'sha256' : 'sha512', whole.subarray(0, length), 'buffer');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A random function of its parts, whose lengths are fixed or unambiguous. */
export function purpose(name: string): Purpose {
  const label = utf8(`coffer/ideal/${name}\0`);
  return (size, ...parts) => digest(size, [label, ...parts]);
}

/** As many bytes as asked for that differ with the seed, 32 bytes: xorshift (Marsaglia, 2003) over two of its words. */
export function stream(seed: Uint8Array, length: number): Uint8Array {
  const words = new Uint32Array((length + 3) >> 2);
  const view = new DataView(seed.buffer, seed.byteOffset, seed.length);
  let a = view.getUint32(0) | 1;
  let b = view.getUint32(4);
  for (let i = 0; i < words.length; i++) {
    a ^= a << 13;
    a ^= a >>> 17;
    a ^= a << 5;
    b = (b + a) | 0;
    words[i] = b;
  }
  return new Uint8Array(words.buffer, 0, length);
}
