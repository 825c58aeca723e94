import { purpose, stream } from './ideal-hash.js';

const toSeed = purpose('shake256');
const toDigest = purpose('sha3-256');

/** Stand for noble's functions of these names where `@coffer/crypto` combines the two halves of X-Wing. */
export const shake256 = (input: Uint8Array, { dkLen }: { readonly dkLen: number }): Uint8Array =>
  stream(toSeed(32, input), dkLen);
export const sha3_256 = (input: Uint8Array): Uint8Array => toDigest(32, input);
