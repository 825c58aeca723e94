/** Sizes of OPAQUE-3DH with ristretto255-SHA512 (RFC 9807 §7), in bytes. */

/** Nn: nonces. */
export const nonceBytes = 32;
/** Nseed: seeds that key pairs are derived from. */
export const seedBytes = 32;
/** Npk, Nsk, Noe, Nok: elements and scalars. */
export const keyBytes = 32;
/** Nh, Nm, Nx: hashes, MACs and KDF outputs. */
export const hashBytes = 64;
/** Nn + Nm: nonce and authentication tag. */
export const envelopeBytes = 96;
/** Masking nonce and masked server key with envelope, beside the evaluated element. */
export const credentialResponseBytes = 192;

/** A registration request: one blinded element. */
export const opaqueRegistrationRequestBytes = 32;
/** A registration response: evaluated element, server public key. */
export const opaqueRegistrationResponseBytes = 64;
/** A registration record: client public key, masking key, envelope. */
export const opaqueRecordBytes = 192;
/** KE1: blinded element, client nonce, client key share. */
export const ke1Bytes = 96;
/** KE2: credential response, server nonce, server key share, server MAC. */
export const ke2Bytes = 320;
/** KE3: client MAC. */
export const ke3Bytes = 64;
/** The session key, and the export key. */
export const opaqueKeyBytes = 64;
