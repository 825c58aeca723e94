import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import type { GroupBackend } from '../dist/group/backend.js';

const { Point } = ristretto255;
const { Fn } = Point;

function wide(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The oracle: slow, and by other people. */
export const noble: GroupBackend = {
  name: 'noble',
  isEncoding(element) {
    try {
      Point.fromBytes(element);
      return true;
    } catch {
      return false;
    }
  },
  multiply: (scalar, element) => Point.fromBytes(element).multiply(Fn.fromBytes(scalar)).toBytes(),
  multiplyBase: (scalar) => Point.BASE.multiply(Fn.fromBytes(scalar)).toBytes(),
  elementFromUniform: (uniform) =>
    (ristretto255_hasher.deriveToCurve as (bytes: Uint8Array) => typeof Point.BASE)(uniform).toBytes(),
  reduceScalar: (bytes) => Fn.toBytes(Fn.create(wide(bytes))),
  invertScalar: (scalar) => Fn.toBytes(Fn.inv(Fn.fromBytes(scalar))),
};
