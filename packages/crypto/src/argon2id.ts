import { argon2id as hashWasmArgon2id } from 'hash-wasm';
import { CryptoError } from './errors.js';

/** Salt of at least this length (RFC 9106 §3.1). */
export const argon2SaltBytesMin = 8;
/** Output of at least this length (RFC 9106 §3.1). */
export const argon2OutputBytesMin = 4;
/** Most output that this function gives. */
export const argon2OutputBytesMax = 1_024;
/** Memory per lane, at least (RFC 9106 §3.1). */
export const argon2LaneMemoryKiBMin = 8;
/** Most memory: 1 GiB, what a 32-bit WASM heap gives reliably. */
export const argon2MemoryKiBMax = 1_048_576;
/** Most passes that this function takes; RFC 9106 recommends 1 and 3. */
export const argon2PassesMax = 1_000;
/** Most lanes that this function takes; RFC 9106 recommends 4. They run one after another. */
export const argon2LanesMax = 255;

/** Inputs of Argon2id, version 0x13, without key and associated data. */
export interface Argon2idInput {
  /** At least one byte. */
  readonly password: Uint8Array;
  /** At least 8 bytes. */
  readonly salt: Uint8Array;
  /** m, from 8 · lanes up to 1 GiB. */
  readonly memoryKiB: number;
  /** t, 1 to 1,000. */
  readonly passes: number;
  /** p, 1 to 255. */
  readonly lanes: number;
  /** 4 to 1,024. */
  readonly lengthBytes: number;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/**
 * Argon2id (RFC 9106 §3), in WASM. The memory is WASM's own and is dropped afterwards, not overwritten.
 *
 * A promise, though the work is done in one piece: a caller on a page's main thread runs it in a worker.
 * @throws CryptoError `bad-parameters` outside of the ranges above: costs come from servers and are not trusted.
 */
export async function argon2id(input: Argon2idInput): Promise<Uint8Array> {
  const { password, salt, memoryKiB, passes, lanes, lengthBytes } = input;
  if (
    password.length === 0 ||
    salt.length < argon2SaltBytesMin ||
    !isWithin(lanes, 1, argon2LanesMax) ||
    !isWithin(memoryKiB, argon2LaneMemoryKiBMin * lanes, argon2MemoryKiBMax) ||
    !isWithin(passes, 1, argon2PassesMax) ||
    !isWithin(lengthBytes, argon2OutputBytesMin, argon2OutputBytesMax)
  ) {
    throw new CryptoError('bad-parameters', 'Argon2id parameters are out of range');
  }
  return hashWasmArgon2id({
    password,
    salt,
    iterations: passes,
    memorySize: memoryKiB,
    parallelism: lanes,
    hashLength: lengthBytes,
    outputType: 'binary',
  });
}
