import { concat, lengthPrefixed } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { entryBytesMax, tileWidth } from '../limits.js';

/**
 * `u16 length ‖ entry` for each entry (tlog-tiles, Log entries).
 * @throws TransparencyError `bad-tile` for an empty bundle, over 256 entries, or one over 65,535 bytes.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0 || entries.length > tileWidth || entries.some(({ length }) => length > entryBytesMax))
    throw new TransparencyError('bad-tile', 'entries out of range');
  return concat(...entries.map(lengthPrefixed));
}

/** The `width` entries of a bundle. @throws TransparencyError `bad-tile` when the bytes are not exactly that many. */
export function decodeEntryBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
    if (at + 2 + length > bytes.length) throw new TransparencyError('bad-tile', 'an entry ends too early');
    entries.push(bytes.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== width) throw new TransparencyError('bad-tile', 'another number of entries');
  return entries;
}
