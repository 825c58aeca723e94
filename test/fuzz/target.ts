import { CodedError, equalBytes, hex } from '@coffer/base';

/** A decoder, and what undoes it. */
export interface DecoderTarget {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Absent where the form is not canonical, or the decoder keeps only a part. */
  readonly encode?: (value: never) => Uint8Array;
}

/** A promise of a decoder that an input breaks. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding';
  readonly input: string;

  constructor(
    readonly target: string,
    input: Uint8Array,
    why: string,
    cause?: unknown,
  ) {
    super(`${target}: ${why}, input ${hex(input)}`, { cause });
    this.input = hex(input);
  }
}

/**
 * Whatever the input, a decoder throws one of its coded errors, or its value encodes to the same bytes.
 * @returns the error's code, or `decoded`.
 * @throws FuzzFinding for anything else.
 */
export function checkDecoder({ name, decode, encode }: DecoderTarget, input: Uint8Array): string {
  const before = input.slice();
  let value: unknown;
  try {
    value = decode(input);
  } catch (cause) {
    if (cause instanceof CodedError) return cause.code;
    throw new FuzzFinding(name, before, `threw ${String(cause)}`, cause);
  }
  if (!equalBytes(before, input)) throw new FuzzFinding(name, before, 'changed its input');
  if (encode === undefined) return 'decoded';
  let again: Uint8Array;
  try {
    again = encode(value as never);
  } catch (cause) {
    throw new FuzzFinding(name, before, `decoded what does not encode: ${String(cause)}`, cause);
  }
  if (!equalBytes(again, input)) throw new FuzzFinding(name, before, `encodes to ${hex(again)}`);
  return 'decoded';
}
