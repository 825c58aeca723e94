import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { VirtualTime } from './virtual-time.js';

/** Lines that a trace keeps for a report; the hash covers all of them. */
export const traceTailLines = 400;

/** What happened, line by line. Equal seeds give equal traces, which the running hash makes cheap to compare. */
export class Trace {
  readonly #time: VirtualTime;
  readonly #startMs: number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #tail: string[] = [];
  #pending = '';
  #hash: Uint8Array = new Uint8Array(32);
  #lines = 0;

  /** @param onLine - hears every line at once, for a person who watches a replay. */
  constructor(time: VirtualTime, onLine?: (line: string) => void) {
    this.#time = time;
    this.#startMs = time.nowMs();
    this.#onLine = onLine;
  }

  /** @param who - the part of the fleet, such as `hsm2`. */
  add(who: string, what: string): void {
    const line = `${String(this.#time.nowMs() - this.#startMs).padStart(7)} ${who.padEnd(9)} ${what}`;
    this.#lines++;
    this.#pending += `${line}\n`;
    if (this.#pending.length > 16_384) this.#fold();
    this.#tail.push(line);
    if (this.#tail.length > 2 * traceTailLines) this.#tail.splice(0, traceTailLines);
    this.#onLine?.(line);
  }

  get lines(): number {
    return this.#lines;
  }

  /** Hexadecimal SHA-256 chain over all lines so far. */
  hash(): string {
    this.#fold();
    return hex(this.#hash);
  }

  /** The newest lines, at most {@link traceTailLines}. */
  tail(): readonly string[] {
    return this.#tail.slice(-traceTailLines);
  }

  #fold(): void {
    if (this.#pending === '') return;
    this.#hash = sha256(this.#hash, utf8(this.#pending));
    this.#pending = '';
  }
}
