import sodium from 'libsodium-wrappers-sumo';
import type { GroupBackend } from '../group/backend.js';

await sodium.ready;

/** ristretto255 of libsodium's WASM build. Copies of scalars stay in WASM memory until it is used again. */
export const group: GroupBackend = {
  name: 'wasm',
  isEncoding: (element) => sodium.crypto_core_ristretto255_is_valid_point(element),
  multiply: (scalar, element) => sodium.crypto_scalarmult_ristretto255(scalar, element),
  multiplyBase: (scalar) => sodium.crypto_scalarmult_ristretto255_base(scalar),
  elementFromUniform: (uniform) => sodium.crypto_core_ristretto255_from_hash(uniform),
  reduceScalar: (wide) => sodium.crypto_core_ristretto255_scalar_reduce(wide),
  invertScalar: (scalar) => sodium.crypto_core_ristretto255_scalar_invert(scalar),
};
