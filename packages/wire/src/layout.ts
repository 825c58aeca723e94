import { concat, utf8, utf8Text } from '@coffer/base';
import { ByteReader, ByteWriter } from './cursor.js';
import { WireError } from './errors.js';

/**
 * A fixed layout: one value has one encoding, and whatever decodes encodes to the same bytes again. That is what makes
 * it safe to sign the bytes and act on the value. Big-endian, no padding, every variable part has a named limit.
 */
export interface Layout<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** The value type of a layout. */
export type Value<L> = L extends Layout<infer T> ? T : never;

/** The bytes of `value`. @throws WireError `over-limit` or `bad-value` when it does not fit its layout. */
export function encode<T>(layout: Layout<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  layout.write(writer, value);
  return writer.finish();
}

/** The value of `bytes`, which must be used up exactly. @throws WireError. Byte fields are copies. */
export function decode<T>(layout: Layout<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = layout.read(reader);
  reader.finish();
  return value;
}

function unsigned(bytes: 1 | 2 | 4): Layout<number> {
  const max = 2 ** (8 * bytes) - 1;
  return {
    write(writer, value) {
      if (!Number.isInteger(value) || value < 0 || value > max) throw new WireError('bad-value', `not a u${8 * bytes}`);
      writer.uint(value, bytes);
    },
    read: (reader) => reader.uint(bytes),
  };
}

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);

/** 0 to 2^64 - 1. */
export const u64: Layout<bigint> = {
  write(writer, value) {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new WireError('bad-value', 'not a u64');
    writer.uint(Number(value >> 32n), 4);
    writer.uint(Number(value & 0xffff_ffffn), 4);
  },
  read: (reader) => (BigInt(reader.uint(4)) << 32n) | BigInt(reader.uint(4)),
};

/** One byte, 0 or 1. */
export const bool: Layout<boolean> = {
  write: (writer, value) => writer.uint(value ? 1 : 0, 1),
  read(reader) {
    const byte = reader.uint(1);
    if (byte > 1) throw new WireError('bad-value', 'not a boolean');
    return byte === 1;
  },
};

/** Exactly `length` bytes. */
export function fixed(length: number): Layout<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length !== length) throw new WireError('bad-value', `not ${length} bytes`);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

/** u32 length ‖ bytes, at most `bytesMax` of them. */
export function bytes(bytesMax: number): Layout<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length > bytesMax) throw new WireError('over-limit', `over ${bytesMax} bytes`);
      writer.uint(value.length, 4);
      writer.bytes(value);
    },
    read(reader) {
      const length = reader.uint(4);
      if (length > bytesMax) throw new WireError('over-limit', `over ${bytesMax} bytes`);
      return reader.bytes(length);
    },
  };
}

/** UTF-8 text of at most `bytesMax` bytes, u32 length first. */
export function text(bytesMax: number): Layout<string> {
  const inner = bytes(bytesMax);
  return {
    write: (writer, value) => inner.write(writer, utf8(value)),
    read(reader) {
      try {
        return utf8Text(inner.read(reader));
      } catch (cause) {
        if (cause instanceof WireError) throw cause;
        throw new WireError('bad-value', 'not UTF-8', { cause });
      }
    },
  };
}

/** u32 count ‖ items, at most `countMax` of them. */
export function list<T>(item: Layout<T>, countMax: number): Layout<readonly T[]> {
  return {
    write(writer, value) {
      if (value.length > countMax) throw new WireError('over-limit', `over ${countMax} items`);
      writer.uint(value.length, 4);
      for (const each of value) item.write(writer, each);
    },
    read(reader) {
      const count = reader.uint(4);
      if (count > countMax) throw new WireError('over-limit', `over ${countMax} items`);
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(item.read(reader));
      return items;
    },
  };
}

/** One byte 0, or 1 followed by the value. */
export function optional<T>(item: Layout<T>): Layout<T | undefined> {
  return {
    write(writer, value) {
      bool.write(writer, value !== undefined);
      if (value !== undefined) item.write(writer, value);
    },
    read: (reader) => (bool.read(reader) ? item.read(reader) : undefined),
  };
}

/** The same bytes as `inner`, typed as a brand of it. */
export function branded<T, B extends T>(inner: Layout<T>): Layout<B> {
  return inner as unknown as Layout<B>;
}

/** The fields in the order in which they are named. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Layout<T[K]> }): Layout<T> {
  const entries = Object.entries(fields) as [keyof T, Layout<T[keyof T]>][];
  return {
    write(writer, value) {
      for (const [name, layout] of entries) layout.write(writer, value[name]);
    },
    read(reader) {
      const value = {} as T;
      for (const [name, layout] of entries) value[name] = layout.read(reader);
      return value;
    },
  };
}

/** A member of a union told apart by `type`. */
export type Tagged = { readonly type: string };

/** One tag byte ‖ the layout of that member (which does not write `type` itself). Tags are never reused. */
export function variant<T extends Tagged>(
  members: {
    readonly [K in T['type']]: readonly [tag: number, layout: Layout<Omit<Extract<T, { type: K }>, 'type'>>];
  },
): Layout<T> {
  type Row = readonly [number, Layout<object>];
  const byType = members as unknown as Readonly<Record<string, Row>>;
  const byTag = new Map(Object.entries(byType).map(([type, [tag, layout]]) => [tag, { type, layout }]));
  return {
    write(writer, value) {
      const row = Object.hasOwn(byType, value.type) ? byType[value.type] : undefined;
      if (row === undefined) throw new WireError('bad-value', 'unknown variant');
      writer.uint(row[0], 1);
      row[1].write(writer, value);
    },
    read(reader) {
      const row = byTag.get(reader.uint(1));
      if (row === undefined) throw new WireError('bad-value', 'unknown variant');
      return { type: row.type, ...row.layout.read(reader) } as unknown as T;
    },
  };
}

/** One byte: the place of a text in `values`. */
export function enumerated<T extends string>(values: readonly T[]): Layout<T> {
  return {
    write(writer, value) {
      const at = values.indexOf(value);
      if (at < 0) throw new WireError('bad-value', 'not one of the listed values');
      writer.uint(at, 1);
    },
    read(reader) {
      const value = values[reader.uint(1)];
      if (value === undefined) throw new WireError('bad-value', 'not one of the listed values');
      return value;
    },
  };
}

/** No bytes at all: the body of a variant without fields. */
export const empty: Layout<object> = { write: () => undefined, read: () => ({}) };

/** `value` zero-padded after a u32 length to exactly `paddedBytes`. @throws WireError `over-limit` when it does not fit. */
export function pad(value: Uint8Array, paddedBytes: number): Uint8Array {
  const writer = new ByteWriter();
  writer.uint(value.length, 4);
  writer.bytes(value);
  const head = writer.finish();
  if (head.length > paddedBytes) throw new WireError('over-limit', `does not fit ${paddedBytes} bytes`);
  return concat(head, new Uint8Array(paddedBytes - head.length));
}

/** Undoes {@link pad}. @throws WireError `bad-value` when a padding byte is not zero: one value, one encoding. */
export function unpad(padded: Uint8Array): Uint8Array {
  const reader = new ByteReader(padded);
  const value = reader.bytes(reader.uint(4));
  let rest = 0;
  for (const byte of reader.bytes(reader.left)) rest |= byte;
  if (rest !== 0) throw new WireError('bad-value', 'padding is not zero');
  return value;
}
