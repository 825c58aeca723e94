import { equalBytes, utf8, utf8Text } from '@coffer/base';
import serialize from 'canonicalize';
import { WireError } from './errors.js';

/** What canonical JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** UTF-8 bytes of `value` as canonical JSON (RFC 8785). @throws WireError `bad-value` for what JSON cannot hold. */
export function encodeCanonicalJson(value: Json): Uint8Array {
  let written: string | undefined;
  try {
    written = serialize(value);
  } catch (cause) {
    throw new WireError('bad-value', 'not representable as JSON', { cause });
  }
  if (written === undefined) throw new WireError('bad-value', 'not representable as JSON');
  return utf8(written);
}

/**
 * The value of canonical JSON `bytes`. Anything that is not byte for byte its own canonical form is refused, because a
 * second spelling (a duplicate name above all) would let two readers of one signature see two values.
 * @throws WireError `over-limit`, `bad-json`, `not-canonical`.
 */
export function decodeCanonicalJson(bytes: Uint8Array, bytesMax: number): Json {
  if (bytes.length > bytesMax) throw new WireError('over-limit', `over ${bytesMax} bytes`);
  let value: Json;
  try {
    value = JSON.parse(utf8Text(bytes)) as Json;
  } catch (cause) {
    throw new WireError('bad-json', 'not JSON', { cause });
  }
  if (!equalBytes(encodeCanonicalJson(value), bytes)) throw new WireError('not-canonical', 'not canonical JSON');
  return value;
}
