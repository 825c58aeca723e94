import { concat, u32be } from '@coffer/base';
import { WireError } from './errors.js';

/** u32 length ‖ body. @throws WireError `frame-too-large` over `frameBytesMax`. */
export function encodeFrame(body: Uint8Array, frameBytesMax: number): Uint8Array {
  if (body.length > frameBytesMax) throw new WireError('frame-too-large', `over ${frameBytesMax} bytes`);
  return concat(u32be(body.length), body);
}

/**
 * Cuts a byte stream into frames. The limit is checked on the length prefix, before a byte of the body is kept, so a
 * peer cannot make us allocate what it only announces.
 */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Takes the next chunk and returns the frames that it completes. @throws WireError `frame-too-large`; then stop. */
  push(chunk: Uint8Array): Uint8Array[] {
    // Not a Buffer, whose `slice` would hand out frames that share memory.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#buffered += chunk.length;
    const frames: Uint8Array[] = [];
    for (;;) {
      if (this.#buffered < 4) return frames;
      const head = this.#peek(4);
      const length =
        (head[0] as number) * 2 ** 24 +
        (((head[1] as number) << 16) | ((head[2] as number) << 8) | (head[3] as number));
      if (length > this.#frameBytesMax) throw new WireError('frame-too-large', `over ${this.#frameBytesMax} bytes`);
      if (this.#buffered < 4 + length) return frames;
      frames.push(this.#take(4 + length).slice(4));
    }
  }

  /** Whether the stream ended between frames. */
  get clean(): boolean {
    return this.#buffered === 0;
  }

  #peek(length: number): Uint8Array {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= length) return first;
    this.#chunks = [concat(...this.#chunks)];
    return this.#chunks[0] as Uint8Array;
  }

  #take(length: number): Uint8Array {
    const whole = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : concat(...this.#chunks);
    this.#chunks = whole.length > length ? [whole.subarray(length)] : [];
    this.#buffered -= length;
    return whole.subarray(0, length);
  }
}
