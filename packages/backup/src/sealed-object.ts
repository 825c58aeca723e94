import { type Entropy, equalBytes } from '@coffer/base';
import { ByteSource } from './byte-source.js';
import {
  type CobblestoneStream,
  ciphertextBytes,
  openSegment,
  openStream,
  sealedSegmentBytes,
  segmentBytes,
  segmentOffset,
  streamHeaderBytes,
} from './cobblestone.js';
import { encryptStream } from './cobblestone-stream.js';
import { BackupError } from './errors.js';
import {
  type BackupKeys,
  decodeLabel,
  encodeLabel,
  type Label,
  labelBytes,
  objectContext,
  objectName,
} from './labels.js';
import type { BackupStore } from './store.js';

/** Bytes of a stored manifest or pack that holds `plaintextBytes`. */
export function storedObjectBytes(plaintextBytes: number): number {
  return labelBytes + ciphertextBytes(plaintextBytes);
}

/** Label ‖ Cobblestone-256 message. */
export function sealObject(
  keys: BackupKeys,
  label: Label,
  source: AsyncIterable<Uint8Array>,
  entropy: Entropy,
): AsyncGenerator<Uint8Array> {
  return chain(
    once(encodeLabel(label)),
    encryptStream(keys.streamKey, objectContext(keys.account, label), source, entropy),
  );
}

async function* chain(...sources: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const source of sources) yield* source;
}

/** Random access to a stored manifest or pack whose plaintext length is known from the head. */
export class SealedObject {
  readonly #store: BackupStore;
  readonly #name: string;
  readonly #stream: CobblestoneStream;
  readonly #plaintextBytes: number;
  /** Small files share segments, so the last one is kept. */
  #kept: { readonly index: number; readonly segment: Uint8Array } | undefined;

  private constructor(store: BackupStore, name: string, stream: CobblestoneStream, plaintextBytes: number) {
    this.#store = store;
    this.#name = name;
    this.#stream = stream;
    this.#plaintextBytes = plaintextBytes;
  }

  /** Checks label and commitment. @throws BackupError `missing-object`, `truncated`, `swapped`, `damaged`. */
  static async open(store: BackupStore, keys: BackupKeys, label: Label, plaintextBytes: number): Promise<SealedObject> {
    const name = objectName(keys, label);
    const input = new ByteSource(await store.get(name, { offset: 0, length: labelBytes + streamHeaderBytes }));
    try {
      const found = (await input.read(labelBytes)).slice();
      const header = await input.read(streamHeaderBytes);
      return new SealedObject(store, name, openExpected(keys, label, found, header), plaintextBytes);
    } finally {
      await input.close();
    }
  }

  /** Bytes `from` to `from + length`, authentic chunk by chunk. @throws BackupError `truncated`, `reordered`, `damaged`. */
  async *read(from: number, length: number): AsyncGenerator<Uint8Array> {
    const end = from + length;
    for (let at = from; at < end && at < this.#plaintextBytes; ) {
      const index = Math.floor(at / segmentBytes);
      if (this.#kept?.index !== index) {
        yield* this.#readStored(at, end);
        return;
      }
      const start = index * segmentBytes;
      yield this.#kept.segment.subarray(at - start, end - start);
      at = start + segmentBytes;
    }
  }

  async *#readStored(from: number, end: number): AsyncGenerator<Uint8Array> {
    const first = Math.floor(from / segmentBytes);
    const last = Math.floor((Math.min(end, this.#plaintextBytes) - 1) / segmentBytes);
    const offset = labelBytes + segmentOffset(first);
    const storedEnd = Math.min(labelBytes + segmentOffset(last + 1), storedObjectBytes(this.#plaintextBytes));
    const input = new ByteSource(await this.#store.get(this.#name, { offset, length: storedEnd - offset }));
    try {
      for (let index = first; index <= last; index++) {
        const start = index * segmentBytes;
        const expected = Math.min(sealedSegmentBytes, storedEnd - labelBytes - segmentOffset(index));
        const sealed = await input.read(expected);
        if (sealed.length < expected) throw new BackupError('truncated', 'an object ends too early');
        const segment = await openSegment(this.#stream, index, sealed);
        if (segment === undefined) throw await this.#diagnose(index, sealed);
        this.#kept = { index, segment };
        yield segment.subarray(Math.max(0, from - start), end - start);
      }
    } finally {
      await input.close();
    }
  }

  /** Says whether a segment that does not open here is one of this object's others. Nothing of it is let out. */
  async #diagnose(index: number, sealed: Uint8Array): Promise<BackupError> {
    const segments = Math.min(Math.floor(this.#plaintextBytes / segmentBytes) + 1, 8192);
    for (let other = 0; other < segments; other++) {
      if (other !== index && (await openSegment(this.#stream, other, sealed)) !== undefined) {
        return new BackupError('reordered', 'parts of an object are not in their order');
      }
    }
    return new BackupError('damaged', 'a part of an object does not authenticate');
  }
}

/** Opens the stream if it is the expected one, and otherwise finds out what lies in its place. */
function openExpected(keys: BackupKeys, label: Label, found: Uint8Array, header: Uint8Array): CobblestoneStream {
  if (found.length < labelBytes) throw new BackupError('truncated', 'ends inside its label');
  const isExpected = equalBytes(found, encodeLabel(label));
  if (isExpected) {
    try {
      return openStream(keys.streamKey, objectContext(keys.account, label), header);
    } catch (cause) {
      if (!(cause instanceof BackupError) || cause.code !== 'swapped') throw cause;
      throw new BackupError('damaged', 'the header of an object does not authenticate', { cause });
    }
  }
  // Authentic under the label that it bears: an object of ours, of another backup or place. Otherwise just damaged.
  const claimed = decodeLabel(found);
  let isOurs = true;
  try {
    openStream(keys.streamKey, objectContext(keys.account, claimed), header);
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'swapped') throw error;
    isOurs = false;
  }
  if (isOurs) throw new BackupError('swapped', 'an object of another backup, or of another place in this one');
  throw new BackupError('damaged', 'the label of an object does not authenticate');
}

/** `bytes` zero bytes, in chunks of a segment. */
export async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(segmentBytes);
  for (let left = bytes; left > 0; left -= chunk.length) yield chunk.subarray(0, Math.min(left, chunk.length));
}

/** `bytes` as a stream of one chunk. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
