export * from './aead.js';
export * from './argon2id.js';
export * from './committing-aead.js';
export * from './ed25519.js';
export * from './entropy.js';
export * from './errors.js';
export type { GroupBackend } from './group/backend.js';
export * from './hashes.js';
export { type HpkeContext, hpkeMessagesMax } from './hpke/context.js';
export * from './hpke/setup.js';
export * from './hpke/xwing.js';
export type { KeyStretching } from './opaque/envelope.js';
export { type OpaqueIdentities, opaqueIdentityBytesMax } from './opaque/identities.js';
export { opaqueServerPublicKey } from './opaque/key-pair.js';
export * from './opaque/login.js';
export * from './opaque/registration.js';
export * from './opaque/server.js';
export {
  ke1Bytes,
  ke2Bytes,
  ke3Bytes,
  opaqueKeyBytes,
  opaqueRecordBytes,
  opaqueRegistrationRequestBytes,
  opaqueRegistrationResponseBytes,
} from './opaque/sizes.js';
export { oprfDeriveKeyPair } from './oprf/ciphersuite.js';
export * from './oprf/oprf.js';
export type { MlKemKeyPair, Primitives } from './primitives.js';
