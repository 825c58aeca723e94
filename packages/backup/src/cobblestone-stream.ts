import type { Entropy } from '@coffer/base';
import { ByteSource } from './byte-source.js';
import {
  type CobblestoneStream,
  newStream,
  openSegment,
  openStream,
  type SegmentCipherOf,
  sealedSegmentBytes,
  sealSegment,
  segmentBytes,
  segmentCipher,
  streamHeaderBytes,
} from './cobblestone.js';
import { BackupError } from './errors.js';

/**
 * Encrypts a stream of any chunks as one Cobblestone-256 message, holding one segment at a time.
 * @param inputKey - 32 bytes. @param entropy - gives the 24-byte salt, at once, so that streams which are read side by
 * side take theirs in the order in which they were made.
 */
export function encryptStream(
  inputKey: Uint8Array,
  context: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  entropy: Entropy,
  cipherOf: SegmentCipherOf = segmentCipher,
): AsyncGenerator<Uint8Array> {
  return sealSegments(newStream(inputKey, context, entropy, cipherOf), source);
}

async function* sealSegments(stream: CobblestoneStream, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteSource(source);
  try {
    yield stream.header;
    for (let index = 0; ; index++) {
      const segment = await input.read(segmentBytes);
      yield await sealSegment(stream, index, segment);
      if (segment.length < segmentBytes) return;
    }
  } finally {
    await input.close();
  }
}

/**
 * Decrypts what {@link encryptStream} made. Every chunk that comes out is authentic and in its place; only after the
 * last one is it certain that nothing is missing, so nobody may publish the output before the stream has ended.
 * @throws BackupError `swapped` (other key or context), `damaged`, `truncated`.
 */
export async function* decryptStream(
  inputKey: Uint8Array,
  context: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  cipherOf: SegmentCipherOf = segmentCipher,
): AsyncGenerator<Uint8Array> {
  const input = new ByteSource(source);
  try {
    const stream = openStream(inputKey, context, await input.read(streamHeaderBytes), cipherOf);
    for (let index = 0; ; index++) {
      const sealed = await input.read(sealedSegmentBytes);
      if (sealed.length < sealedSegmentBytes - segmentBytes) throw new BackupError('truncated', 'has no last segment');
      const segment = await openSegment(stream, index, sealed);
      if (segment === undefined) throw new BackupError('damaged', 'a segment does not authenticate');
      if (segment.length > 0) yield segment;
      if (segment.length < segmentBytes) return;
    }
  } finally {
    await input.close();
  }
}
