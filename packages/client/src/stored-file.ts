import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { bytes, decode, encode, fixed, type Layout, struct, u16, WireError } from '@coffer/wire';
import { ClientError } from './errors.js';

interface StoredFile {
  readonly version: number;
  readonly body: Uint8Array;
  /** SHA-256 of the body: a state that a failing disk changed must not pass for another one. */
  readonly checksum: Uint8Array;
}

/** One value that a device keeps: how it is laid out, in which version, and how large it may be. */
export interface StoredForm<T> {
  readonly layout: Layout<T>;
  readonly version: number;
  readonly bytesMax: number;
}

const fileLayout = (bytesMax: number): Layout<StoredFile> =>
  struct<StoredFile>({ version: u16, body: bytes(bytesMax), checksum: fixed(32) });

/** The one encoding of a value. */
export function encodeStored<T>({ layout, version, bytesMax }: StoredForm<T>, value: T): Uint8Array {
  const body = encode(layout, value);
  return encode(fileLayout(bytesMax), { version, body, checksum: sha256(body) });
}

/** @throws ClientError `bad-state` for anything that {@link encodeStored} did not write, `state-version`. */
export function decodeStored<T>({ layout, version: expected, bytesMax }: StoredForm<T>, stored: Uint8Array): T {
  try {
    const { version, body, checksum } = decode(fileLayout(bytesMax), stored);
    if (!equalBytes(checksum, sha256(body))) throw new ClientError('bad-state', 'client state is damaged');
    if (version !== expected) throw new ClientError('state-version', 'client state of another version');
    return decode(layout, body);
  } catch (cause) {
    if (cause instanceof WireError) throw new ClientError('bad-state', 'client state is malformed', { cause });
    throw cause;
  }
}
