import { concat, u32be } from '@coffer/base';
import { WireError } from './errors.js';

/** u32 length ‖ body. @throws WireError `frame-too-large` over `frameBytesMax`. */
export function encodeFrame(body: Uint8Array, frameBytesMax: number): Uint8Array {
  if (body.length > frameBytesMax) throw new WireError('frame-too-large', `over ${frameBytesMax} bytes`);
  return concat(u32be(body.length), body);
}

/**
 * Cuts a byte stream into frames. The limit is checked on the length prefix, before a byte of the body is kept, so a
 * peer cannot make us allocate what it only announces. What has come is in one buffer: a peer that sends single bytes
 * must not make us keep an object for each.
 */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Takes the next chunk and returns the frames that it completes. @throws WireError `frame-too-large`; then stop. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#append(chunk);
    const view = new DataView(this.#buffer.buffer);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (this.#length - at >= 4) {
      const length = view.getUint32(at);
      if (length > this.#frameBytesMax) throw new WireError('frame-too-large', `over ${this.#frameBytesMax} bytes`);
      if (this.#length - at < 4 + length) break;
      frames.push(this.#buffer.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#buffer.copyWithin(0, at, this.#length);
    this.#length -= at;
    return frames;
  }

  /** Whether the stream ended between frames. */
  get clean(): boolean {
    return this.#length === 0;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#length));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = needed;
  }
}
