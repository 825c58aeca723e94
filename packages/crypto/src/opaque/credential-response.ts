import { concat, utf8, zero } from '@coffer/base';
import { hkdfExpand } from '../hashes.js';
import { envelopeBytes, keyBytes } from './sizes.js';

const padLabel = utf8('CredentialResponsePad');

/**
 * Server public key ‖ envelope under the pad of a masking key (RFC 9807 §6.3.2.2); its own inverse. The mask hides
 * whether a record exists from who does not know the password.
 */
export function maskCredentials(maskingKey: Uint8Array, maskingNonce: Uint8Array, credentials: Uint8Array): Uint8Array {
  const pad = hkdfExpand('sha512', maskingKey, concat(maskingNonce, padLabel), keyBytes + envelopeBytes);
  const masked = credentials.map((byte, i) => byte ^ (pad[i] as number));
  zero(pad);
  return masked;
}
