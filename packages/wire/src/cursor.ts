import { WireError } from './errors.js';

/** Holds most messages of the protocol, so that few are copied as they grow. */
const bufferBytes = 4096;
/** Zeroed buffers of writers that have finished: making one costs more than most messages take to write. */
const spares: Uint8Array[] = [];
/** Writers nest a few deep at most. */
const sparesMax = 4;
const nothing = new Uint8Array(0);

/** Appends big-endian integers and bytes to a growing buffer. */
export class ByteWriter {
  #buffer = spares.pop() ?? new Uint8Array(bufferBytes);
  #length = 0;

  /** `value` in `bytes` big-endian bytes; the caller has checked the range. */
  uint(value: number, bytes: 1 | 2 | 4): void {
    this.#reserve(bytes);
    for (let shift = 8 * (bytes - 1); shift >= 0; shift -= 8) this.#buffer[this.#length++] = (value >>> shift) & 0xff;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** A copy of all that was written; the writer's own buffer, which may have held a secret, is zeroed. */
  finish(): Uint8Array {
    const buffer = this.#buffer;
    const written = buffer.slice(0, this.#length);
    buffer.fill(0, 0, this.#length);
    this.#buffer = nothing;
    this.#length = 0;
    if (buffer.length === bufferBytes && spares.length < sparesMax) spares.push(buffer);
    return written;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer.fill(0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** Reads what {@link ByteWriter} wrote. Every method throws WireError `truncated` instead of reading past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // A Buffer's `slice` shares memory: whoever changed a decoded field would change what it was decoded from.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint(bytes: 1 | 2 | 4): number {
    this.#need(bytes);
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + (this.#bytes[this.#at++] as number);
    return value;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    this.#need(length);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** @throws WireError `trailing` when anything is left: two encodings of one value would be two signatures for it. */
  finish(): void {
    if (this.left > 0) throw new WireError('trailing', 'bytes left over');
  }

  #need(length: number): void {
    if (this.left < length) throw new WireError('truncated', 'ends too early');
  }
}
