import { type Entropy, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

/**
 * The one source of every choice in a simulation: sfc32 (Chris Doty-Humphrey's "small fast counting" generator, 128 bits
 * of state), keyed by a seed and a path of labels. Two parts of a simulation take forks with different labels, so that one
 * more draw in one of them does not shift the choices of the other.
 */
export class SeededRandom {
  readonly #path: string;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(path: string) {
    const key = sha256(utf8(`coffer/simulation/${path}`));
    const word = (at: number): number =>
      ((key[at] ?? 0) << 24) | ((key[at + 1] ?? 0) << 16) | ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0);
    this.#path = path;
    this.#a = word(0);
    this.#b = word(4);
    this.#c = word(8);
    this.#counter = word(12);
  }

  /** A stream of its own, which depends on this one's path and `label` only, not on what was drawn before. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#path}/${label}`);
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const next = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + next) | 0;
    return next >>> 0;
  }

  /** An integer from `min` to `max`, both included, at most 2^32 apart. */
  integer(min: number, max: number): number {
    return min + Math.floor((this.u32() / 2 ** 32) * (max - min + 1));
  }

  /** True once in 1 / `rate` draws; 0 is never, 1 is always. */
  chance(rate: number): boolean {
    return this.u32() / 2 ** 32 < rate;
  }

  /** One of `items`, which are not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** Some `count` of `items`, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    const picked: T[] = [];
    while (picked.length < count && rest.length > 0) picked.push(...rest.splice(this.integer(0, rest.length - 1), 1));
    return picked;
  }
}

/** Bytes of a {@link SeededRandom}: keys and nonces that repeat with the seed. Never outside a simulation. */
export class SeededEntropy implements Entropy {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.#random.u32();
      for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = (word >>> (8 * i)) & 0xff;
    }
    return bytes;
  }
}
