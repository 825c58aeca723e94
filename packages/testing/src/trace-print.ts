import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';

/** Words of hexadecimal digits: parts of hashes, which are others under other primitives. */
const hexWord = /\b[0-9a-f]{8,}\b/g;

/** A digest of a trace but for the bytes in it: equal for one schedule whatever primitives it was played with. */
export class TracePrint {
  #lines: string[] = [];
  #digest: Uint8Array = new Uint8Array(32);

  add(line: string): void {
    if (this.#lines.push(line.replace(hexWord, '#')) >= 256) this.#fold();
  }

  /** Hexadecimal, of all lines so far. */
  digest(): string {
    this.#fold();
    return hex(this.#digest);
  }

  #fold(): void {
    this.#digest = sha256(this.#digest, utf8(this.#lines.join('\n')));
    this.#lines = [];
  }
}
