import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

/** Words of hexadecimal digits with a letter among them: parts of hashes, which are others under other primitives. */
const hexWord = /\b(?=\d*[a-f])[0-9a-f]{8,}\b/g;
/** And those without a letter, one in forty: only where a hash stands. */
const digitWord = /(?<=#\d+ )\d{8}\b/g;

/**
 * A digest of a trace in which each hash has a name of its own instead of its bytes: equal for one schedule whatever
 * primitives it was played with, and different as soon as two hashes are equal in one of them only.
 */
export class TracePrint {
  readonly #names = new Map<string, string>();
  #lines: string[] = [];
  #digest: Uint8Array = new Uint8Array(32);

  add(line: string): void {
    const named = line.replace(hexWord, (word) => this.#name(word)).replace(digitWord, (word) => this.#name(word));
    if (this.#lines.push(named) >= 256) this.#fold();
  }

  /** Hexadecimal, of all lines so far. */
  digest(): string {
    this.#fold();
    return hex(this.#digest);
  }

  #name(word: string): string {
    const name = this.#names.get(word) ?? `hash${this.#names.size + 1}`;
    this.#names.set(word, name);
    return name;
  }

  #fold(): void {
    this.#digest = sha256(this.#digest, utf8(this.#lines.join('\n')));
    this.#lines = [];
  }
}
