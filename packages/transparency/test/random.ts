import { concat, u32be, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

/** Repeatable randomness: the same seed draws the same values. */
export class Random {
  readonly #key: Uint8Array;
  #count = 0;

  constructor(readonly seed: string) {
    this.#key = sha256(utf8(seed));
  }

  /** 0 to `limit - 1`; `limit` at most 2^32. */
  below(limit: number): number {
    const block = sha256(this.#key, u32be(this.#count++));
    return new DataView(block.buffer, block.byteOffset).getUint32(0) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(length: number): Uint8Array {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => sha256(this.#key, u32be(this.#count++)));
    return concat(...blocks).slice(0, length);
  }
}

/** A seed of this run, or the one in ORACLE_SEED, which a failed run printed. */
export const newSeed = (): string => process.env.ORACLE_SEED ?? String(Date.now());

/** Pieces on which readers of texts disagree. */
const tokens = [
  ...[
    '\n',
    '\n\n',
    ' ',
    '\t',
    '\r',
    '\0',
    '\x7f',
    '\u0080',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u200b',
  ],
  ...['+', '=', '==', '/', '-', '_', '—', '— ', '0', '1', 'A', 'B', '#', '\u{1f512}', 'e\u0301', '\u017f', '\u212a'],
].map(utf8);
const illFormed = [[0xff], [0xc0, 0xaf], [0xe2, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]];

/** `bytes` with something changed: mostly one bit, else a piece or a line put in, taken out or moved. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(9)) {
    case 0:
      return concat(before, random.pick(tokens), after);
    case 1:
      return concat(before, Uint8Array.from(random.pick(illFormed)), after);
    case 2:
      return concat(before, after.subarray(1 + random.below(3)));
    case 3:
      return concat(before, random.pick(tokens), after.subarray(1));
    case 4:
    case 5: {
      const lines = Buffer.from(bytes).toString('latin1').split('\n');
      const [from, to] = [random.below(lines.length), random.below(lines.length)];
      const line = lines[from]!;
      if (random.below(2) === 0) lines.splice(from, 1);
      lines.splice(to, 0, line);
      return Uint8Array.from(Buffer.from(lines.join('\n'), 'latin1'));
    }
    default: {
      const changed = bytes.slice();
      if (changed.length > 0) changed[at % bytes.length]! ^= 1 << random.below(8);
      return changed;
    }
  }
}
