import { concat, lengthPrefixed } from '@coffer/base';
import { CryptoError } from '../errors.js';

/** Longest identity and longest context, from their two-byte length prefixes. */
export const opaqueIdentityBytesMax = 65_535;

/** Names that both parties may agree on; each defaults to that party's public key (RFC 9807 §4). */
export interface OpaqueIdentities {
  readonly serverIdentity?: Uint8Array | undefined;
  readonly clientIdentity?: Uint8Array | undefined;
}

/** I2OSP(len, 2) ‖ bytes. @throws CryptoError `bad-length` when over 65,535 bytes. */
export function prefixed(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length > opaqueIdentityBytesMax) throw new CryptoError('bad-length', `${what} is over 65,535 bytes`);
  return lengthPrefixed(bytes);
}

/** CreateCleartextCredentials (RFC 9807 §4), serialized as the envelope's MAC covers it. */
export function cleartextCredentials(
  serverPublicKey: Uint8Array,
  clientPublicKey: Uint8Array,
  identities: OpaqueIdentities,
): Uint8Array {
  return concat(
    serverPublicKey,
    prefixed(identities.serverIdentity ?? serverPublicKey, 'server identity'),
    prefixed(identities.clientIdentity ?? clientPublicKey, 'client identity'),
  );
}
