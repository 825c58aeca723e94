import { concat, type Entropy, equalBytes, utf8 } from '@coffer/base';
import { aes256gcmOpen, aes256gcmSeal, CryptoError, hkdfExpand } from '@coffer/crypto';
import { BackupError } from './errors.js';

/**
 * Cobblestone-256: the C2SP chunked-encryption scheme (https://c2sp.org/chunked-encryption) with SHA-512 and
 * AES-256-GCM. A message is cut into segments of 16 KiB, of which the last one is always shorter and may be empty; its
 * shortness is what says that the message ends there, so a truncated message has no last segment.
 */
export const segmentBytes = 16_384;
const tagBytes = 16;
/** A full segment with its tag. */
export const sealedSegmentBytes = segmentBytes + tagBytes;
export const streamKeyBytes = 32;
export const saltBytes = 24;
const commitmentBytes = 32;
/** Salt ‖ commitment, before the first segment. */
export const streamHeaderBytes = saltBytes + commitmentBytes;
/** 4 PiB of message, the scheme's own limit. */
export const segmentsMax = 2 ** 38;
const nonceBytes = 12;
const label = utf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');
const noAad = new Uint8Array(0);

/** AES-256-GCM under one key; may answer later, as WebCrypto does. */
export interface SegmentCipher {
  /** @returns ciphertext ‖ tag. */
  seal(nonce: Uint8Array, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** @returns the plaintext, or undefined when it does not authenticate. */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** The cipher of `@coffer/crypto`. */
export function segmentCipher(key: Uint8Array): SegmentCipher {
  return {
    seal: (nonce, plaintext) => aes256gcmSeal(key, nonce, noAad, plaintext),
    open(nonce, sealed) {
      try {
        return aes256gcmOpen(key, nonce, noAad, sealed);
      } catch (error) {
        if (error instanceof CryptoError && error.code === 'open-failed') return undefined;
        throw error;
      }
    },
  };
}

/** Makes a {@link SegmentCipher} of a 32-byte key. */
export type SegmentCipherOf = (key: Uint8Array) => SegmentCipher;

/** What one message is sealed with. */
export interface CobblestoneStream {
  /** 56 bytes: salt ‖ commitment. */
  readonly header: Uint8Array;
  readonly baseNonce: Uint8Array;
  readonly cipher: SegmentCipher;
}

/**
 * Key (32) ‖ base nonce (12) ‖ commitment (32) of a message (section "Key derivation").
 * @param inputKey - 32 uniformly random bytes. @param salt - 24 bytes. @throws BackupError `bad-argument` otherwise.
 */
export function deriveStream(
  inputKey: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
): { readonly key: Uint8Array; readonly baseNonce: Uint8Array; readonly commitment: Uint8Array } {
  if (inputKey.length !== streamKeyBytes) throw new BackupError('bad-argument', 'a stream key has 32 bytes');
  if (salt.length !== saltBytes) throw new BackupError('bad-argument', 'a stream salt has 24 bytes');
  const info = concat(label, salt, context);
  const okm = hkdfExpand('sha512', inputKey, info, streamKeyBytes + nonceBytes + commitmentBytes);
  return {
    key: okm.subarray(0, streamKeyBytes),
    baseNonce: okm.subarray(streamKeyBytes, streamKeyBytes + nonceBytes),
    commitment: okm.subarray(streamKeyBytes + nonceBytes),
  };
}

/** Starts a message of its own random salt. `context` is what a reader must know to open it. */
export function newStream(
  inputKey: Uint8Array,
  context: Uint8Array,
  entropy: Entropy,
  cipherOf: SegmentCipherOf = segmentCipher,
): CobblestoneStream {
  const salt = entropy.bytes(saltBytes);
  const { key, baseNonce, commitment } = deriveStream(inputKey, salt, context);
  return { header: concat(salt, commitment), baseNonce, cipher: cipherOf(key) };
}

/**
 * Opens a message by its header. The commitment is checked before any segment: without it one ciphertext could open
 * under several keys, to several contents.
 * @throws BackupError `truncated` when `header` is not whole; `swapped` when it is of another key or context.
 */
export function openStream(
  inputKey: Uint8Array,
  context: Uint8Array,
  header: Uint8Array,
  cipherOf: SegmentCipherOf = segmentCipher,
): CobblestoneStream {
  if (inputKey.length !== streamKeyBytes) throw new BackupError('bad-argument', 'a stream key has 32 bytes');
  if (header.length < streamHeaderBytes) throw new BackupError('truncated', 'ends inside its header');
  const salt = header.slice(0, saltBytes);
  const { key, baseNonce, commitment } = deriveStream(inputKey, salt, context);
  if (!equalBytes(commitment, header.subarray(saltBytes, streamHeaderBytes))) {
    throw new BackupError('swapped', 'committed to another key or another place');
  }
  return { header: concat(salt, commitment), baseNonce, cipher: cipherOf(key) };
}

/** The base nonce with the segment's number in its last five bytes (section "AEAD usage"). */
function segmentNonce(stream: CobblestoneStream, index: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= segmentsMax) {
    throw new BackupError('over-limit', 'a message has at most 2^38 segments');
  }
  const nonce = stream.baseNonce.slice();
  for (let at = nonceBytes - 1, rest = index; rest > 0; at--, rest = Math.floor(rest / 256)) {
    nonce[at] = (nonce[at] as number) ^ (rest & 0xff);
  }
  return nonce;
}

/** Segment `index`, at most 16 KiB, with its tag. */
export async function sealSegment(
  stream: CobblestoneStream,
  index: number,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return stream.cipher.seal(segmentNonce(stream, index), plaintext);
}

/** The plaintext of segment `index`, or undefined when these are not the bytes that were sealed there. */
export async function openSegment(
  stream: CobblestoneStream,
  index: number,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length < tagBytes) return undefined;
  return stream.cipher.open(segmentNonce(stream, index), sealed);
}

/** Where segment `index` starts in the ciphertext. */
export function segmentOffset(index: number): number {
  return streamHeaderBytes + index * sealedSegmentBytes;
}

/** Length of the ciphertext of `plaintextLength` bytes. */
export function ciphertextBytes(plaintextLength: number): number {
  const segments = Math.floor(plaintextLength / segmentBytes) + 1;
  return streamHeaderBytes + plaintextLength + segments * tagBytes;
}

/** Length of the message of `ciphertextLength` bytes. @throws BackupError `truncated` for a length that none has. */
export function plaintextBytes(ciphertextLength: number): number {
  const body = ciphertextLength - streamHeaderBytes;
  const last = body % sealedSegmentBytes;
  if (body < 0 || last < tagBytes) throw new BackupError('truncated', 'has no last segment');
  return Math.floor(body / sealedSegmentBytes) * segmentBytes + last - tagBytes;
}
