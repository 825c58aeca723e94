import { concat, equalBytes, fromHex } from '@coffer/base';
import type { GroupBackend } from './backend.js';

/** 2·G and 3·G, RFC 9496 §A.1. */
const twoG = fromHex('6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919');
const threeG = fromHex('94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259');
/** Not encodings (RFC 9496 §A.2): a negative field element, p itself, and one above the field's 255 bits. */
const notEncodings = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b999',
].map(fromHex);
/** 64 uniform bytes and their element, RFC 9496 §A.3. */
const uniform = fromHex(
  '5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1' +
    '4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6',
);
const uniformElement = fromHex('3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46');

function scalar(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes[0] = value;
  return bytes;
}

/**
 * Whether a backend found at start computes the known answers. One that does not (an odd build, a library of another
 * ABI under the expected name) is not used at all.
 */
export function passesSelfCheck(backend: GroupBackend): boolean {
  const two = scalar(2);
  const wideTwo = concat(two, new Uint8Array(32));
  return (
    equalBytes(backend.multiplyBase(two), twoG) &&
    equalBytes(backend.multiplyBase(scalar(3)), threeG) &&
    equalBytes(backend.multiply(backend.invertScalar(two), twoG), backend.multiplyBase(scalar(1))) &&
    equalBytes(backend.elementFromUniform(uniform), uniformElement) &&
    equalBytes(backend.reduceScalar(wideTwo), two) &&
    backend.isEncoding(twoG) &&
    !notEncodings.some((bytes) => backend.isEncoding(bytes))
  );
}
