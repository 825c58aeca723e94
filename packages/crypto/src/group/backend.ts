/**
 * ristretto255 (RFC 9496), as far as OPAQUE needs it. Backends differ in speed only: libsodium as WASM everywhere,
 * the system's libsodium in Node where it is found and passes the self-check, noble as an oracle in tests.
 *
 * Lengths are right when a backend is called; elements and scalars have passed `requireElement` and `requireScalar`.
 */
export interface GroupBackend {
  readonly name: 'wasm' | 'native' | 'noble';
  /** Whether 32 bytes are the canonical encoding of an element; the identity (32 zeros) may count as one. */
  isEncoding(element: Uint8Array): boolean;
  /** scalar · element. */
  multiply(scalar: Uint8Array, element: Uint8Array): Uint8Array;
  /** scalar · generator. */
  multiplyBase(scalar: Uint8Array): Uint8Array;
  /** The element that 64 uniform bytes map to (RFC 9496 §4.3.4). */
  elementFromUniform(uniform: Uint8Array): Uint8Array;
  /** 64 bytes, little-endian, modulo the group's order. */
  reduceScalar(wide: Uint8Array): Uint8Array;
  /** Multiplicative inverse of a scalar. */
  invertScalar(scalar: Uint8Array): Uint8Array;
}
