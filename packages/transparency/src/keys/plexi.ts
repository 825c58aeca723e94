import { concat, u32be, utf8, utf8Text } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';
import { hashBytes } from '../log/hashing.js';

/**
 * What a key-transparency auditor signs: one digest for one epoch of a namespace. The bytes are those of Cloudflare's
 * auditor, so that its public verifier can check ours.
 */
export interface PlexiMessage {
  /** 1 protobuf, 2 bincode; both Ed25519. Coffer's own leaves use 1. */
  readonly suite: 1 | 2;
  /** 1 to 255 UTF-8 bytes. */
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** From 1. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

const namespaceBytesMax = 255;
const messageBytesMax = 512;

/** The bytes that are signed (docs/spec/transparency.md §4). @throws TransparencyError `bad-plexi` for values out of range. */
export function encodePlexiMessage(message: PlexiMessage): Uint8Array {
  const { suite, namespace, timestampMs, epoch, digest } = message;
  const name = utf8(namespace);
  const isInRange = [timestampMs, epoch].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!isInRange || name.length === 0 || name.length > namespaceBytesMax || digest.length !== hashBytes) fail();
  // UTF-8 has no half of a surrogate pair; two namespaces would have one encoding, and one signature.
  if (/\p{Cs}/u.test(namespace)) fail();
  if (suite === 2) {
    const length = u64le(name.length);
    return concat(u32be(2).reverse(), length, name, u64le(timestampMs), u64le(epoch), u64le(hashBytes), digest);
  }
  if (suite !== 1) fail();
  const inner = concat(Uint8Array.of(0x08), varint(epoch));
  return concat(
    Uint8Array.of(0x08, suite),
    concat(Uint8Array.of(0x12), varint(name.length), name),
    concat(Uint8Array.of(0x18), varint(timestampMs)),
    concat(Uint8Array.of(0x22), varint(inner.length), inner),
    concat(Uint8Array.of(0x2a), varint(hashBytes), digest),
  );
}

/**
 * Reads a message of suite 1. Exactly one encoding is accepted, though protobuf has many for one value: a second one
 * would be a second signature for the same epoch.
 * @throws TransparencyError `bad-plexi`.
 */
export function decodePlexiMessage(bytes: Uint8Array): PlexiMessage {
  if (bytes.length > messageBytesMax) fail();
  const reader = new ProtobufReader(bytes);
  reader.tag(0x08);
  if (reader.varint() !== 1) fail();
  reader.tag(0x12);
  const name = reader.bytes(reader.varint());
  reader.tag(0x18);
  const timestampMs = reader.varint();
  reader.tag(0x22);
  reader.varint();
  reader.tag(0x08);
  const epoch = reader.varint();
  reader.tag(0x2a);
  const digest = reader.bytes(reader.varint());
  let namespace: string;
  try {
    namespace = utf8Text(name);
  } catch (cause) {
    throw new TransparencyError('bad-plexi', 'not UTF-8', { cause });
  }
  const message: PlexiMessage = { suite: 1, namespace, timestampMs, epoch, digest };
  const again = encodePlexiMessage(message);
  if (again.length !== bytes.length || !again.every((byte, i) => byte === bytes[i])) fail();
  return message;
}

/** The auditor's 64-byte signature over a message's bytes. @param seed - 32 bytes. */
export function signPlexiMessage(message: PlexiMessage, seed: Uint8Array): Uint8Array {
  return ed25519Sign(seed, encodePlexiMessage(message));
}

/** @throws TransparencyError `bad-auditor-signature`. */
export function verifyPlexiSignature(message: Uint8Array, auditorKey: Uint8Array, signature: Uint8Array): void {
  if (!isEd25519Signature(auditorKey, message, signature))
    throw new TransparencyError('bad-auditor-signature', 'the auditor’s signature does not verify');
}

/** `key_id` of the API: the last byte of the public key. One auditor's keys have distinct ones. */
export const plexiKeyId = (publicKey: Uint8Array): number => publicKey[publicKey.length - 1] as number;

/** `key_id` of a 32-byte seed, to draw seeds until it is a new one. */
export const plexiKeyIdOfSeed = (seed: Uint8Array): number => plexiKeyId(ed25519PublicKey(seed));

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

function u64le(value: number): Uint8Array {
  return concat(u32be(Math.floor(value / 2 ** 32)), u32be(value % 2 ** 32)).reverse();
}

class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  tag(expected: number): void {
    if (this.#bytes[this.#at++] !== expected) fail();
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) fail();
      value += ((byte as number) & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) fail();
      if ((byte as number) < 0x80) return value;
    }
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) fail();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }
}

function fail(): never {
  throw new TransparencyError('bad-plexi', 'not a Plexi message');
}
