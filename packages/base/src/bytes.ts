import { CodedError } from './errors.js';

/** Codes of {@link BytesError}: text that is not what it claims to be. */
export type BytesErrorCode = 'bad-hex' | 'bad-base64' | 'bad-utf8';

/** Thrown when text does not decode to bytes, or bytes not to text. Never holds the offending input. */
export class BytesError extends CodedError<BytesErrorCode> {}

// TextEncoder exists in every runtime that Coffer supports but in no ECMAScript lib file, and the pure tier has neither
// DOM nor Node types.
declare const TextEncoder: { new (): { encode(text: string): Uint8Array } };
declare const TextDecoder: {
  new (label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns a new array that holds `parts` one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Puts a body together from its chunks. Memory follows from the bytes and not from how many pieces they come in: whoever
 * sends single bytes would otherwise have us hold an object for each, a hundred times as much.
 */
export class ByteCollector {
  #bytes = new Uint8Array(1_024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies `chunk`. */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** @returns a new array that holds all of it. */
  whole(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 `bytes`. @throws BytesError `bad-utf8` on any ill-formed sequence. */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new BytesError('bad-utf8', 'not UTF-8');
  }
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal of `bytes`. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += hexOfByte[bytes[i] as number];
  return text;
}

/** Bytes of hexadecimal `text` (either case, no prefix, even length). @throws BytesError `bad-hex`. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new BytesError('bad-hex', 'not hexadecimal');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(4, bytes.length - i + 1);
    for (let d = 0; d < digits; d++) text += ALPHABET[(word >>> (18 - 6 * d)) & 63];
  }
  return text;
}

/**
 * Bytes of unpadded base64url `text`; exactly one text decodes to given bytes.
 * @throws BytesError `bad-base64` on any other character, an impossible length, or stray low bits.
 */
export function fromBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (const digit of text) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) throw new BytesError('bad-base64', 'not base64url');
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >>> bits) & 0xff;
    }
  }
  if (bits >= 6 || (word & ((1 << bits) - 1)) !== 0) throw new BytesError('bad-base64', 'not canonical base64url');
  return bytes;
}

/**
 * Whether two arrays hold the same bytes, in time that depends on their lengths only.
 * JavaScript gives no promise about what a JIT does with this loop; it has no data-dependent branch to begin with.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Lexicographic order of byte strings: negative, zero or positive. Not constant time; for public values. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** `value` as two big-endian bytes, 0 to 65,535. */
export function u16be(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 0xff, value & 0xff);
}

/** `value` as four big-endian bytes, 0 to 2^32 - 1. */
export function u32be(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** `value` as eight big-endian bytes, 0 to 2^64 - 1. */
export function u64be(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  for (let i = 7, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** u16 length prefix ‖ bytes; the `lp` of docs/spec/protocol.md. `bytes` is at most 65,535 long. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0xffff) throw new RangeError('lengthPrefixed: over 65,535 bytes');
  return concat(u16be(bytes.length), bytes);
}
