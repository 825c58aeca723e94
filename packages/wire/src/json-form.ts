import { BytesError, fromBase64, fromHex } from '@coffer/base';
import { decodeCanonicalJson, type Json } from './canonical-json.js';

type Fields<Name extends string> = Readonly<Record<Name, Json>>;

/**
 * Reads the values of one kind of JSON document. Every mismatch throws what the caller's package throws for such a
 * document; nothing of the document is in the message.
 */
export class JsonForm {
  readonly #refusal: (what: string, cause?: unknown) => Error;

  /** @param refusal - the error for something that is not in order. */
  constructor(refusal: (what: string, cause?: unknown) => Error) {
    this.#refusal = refusal;
  }

  /** Canonical JSON of at most `bytesMax` bytes. */
  parse(bytes: Uint8Array, bytesMax: number): Json {
    try {
      return decodeCanonicalJson(bytes, bytesMax);
    } catch (cause) {
      throw this.#refusal('not canonical JSON within its limit', cause);
    }
  }

  /** An object with exactly these names. */
  object<Name extends string>(json: Json | undefined, names: readonly Name[]): Fields<Name> {
    if (json === null || typeof json !== 'object' || Array.isArray(json)) return this.fail('not an object');
    const found = Object.keys(json);
    if (found.length !== names.length || !names.every((name) => Object.hasOwn(json, name)))
      return this.fail('unexpected or missing names');
    return json as Fields<Name>;
  }

  list(json: Json | undefined, countMax: number): readonly Json[] {
    if (!Array.isArray(json) || json.length > countMax) return this.fail('not a list within its limit');
    return json as readonly Json[];
  }

  /** A list of at least one member, in strictly ascending order: one spelling, and none twice. */
  ascendingHex(json: Json | undefined, length: number, countMax: number): readonly Uint8Array[] {
    if (this.list(json, countMax).length === 0) return this.fail('an empty list');
    return this.anyAscendingHex(json, length, countMax);
  }

  /** The same, and it may be empty. */
  anyAscendingHex(json: Json | undefined, length: number, countMax: number): readonly Uint8Array[] {
    const texts = this.list(json, countMax);
    for (let i = 1; i < texts.length; i++) {
      if ((texts[i - 1] as string) >= (texts[i] as string)) return this.fail('a list out of order');
    }
    return texts.map((text) => this.hexBytes(text, length));
  }

  text(json: Json | undefined, pattern: RegExp): string {
    if (typeof json !== 'string' || !pattern.test(json)) return this.fail('not a text of the expected form');
    return json;
  }

  oneOf<T extends string>(json: Json | undefined, values: readonly T[]): T {
    return values.find((value) => value === json) ?? this.fail('not one of the listed values');
  }

  integer(json: Json | undefined, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < min || json > max)
      return this.fail('number out of range');
    return json;
  }

  boolean(json: Json | undefined): boolean {
    return typeof json === 'boolean' ? json : this.fail('not true or false');
  }

  /** Lower-case hexadecimal of exactly `length` bytes. */
  hexBytes(json: Json | undefined, length: number): Uint8Array {
    if (typeof json !== 'string' || json.length !== 2 * length) return this.fail('not hexadecimal of its length');
    return this.anyHex(json, length);
  }

  /** Lower-case hexadecimal of at most `lengthMax` bytes. */
  anyHex(json: Json | undefined, lengthMax: number): Uint8Array {
    if (typeof json !== 'string' || json.length > 2 * lengthMax || !/^(?:[0-9a-f]{2})*$/.test(json))
      return this.fail('not lower-case hexadecimal');
    return fromHex(json);
  }

  /** Padded standard base64 of at most `lengthMax` bytes. */
  base64Bytes(json: Json | undefined, lengthMax: number): Uint8Array {
    if (typeof json !== 'string' || json.length > 4 * Math.ceil(lengthMax / 3)) return this.fail('not base64');
    try {
      const bytes = fromBase64(json);
      return bytes.length > lengthMax ? this.fail('over its limit') : bytes;
    } catch (cause) {
      if (!(cause instanceof BytesError)) throw cause;
      throw this.#refusal('not base64', cause);
    }
  }

  fail(what: string): never {
    throw this.#refusal(what);
  }
}
