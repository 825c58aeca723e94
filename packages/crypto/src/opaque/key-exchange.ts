import { concat, u16be, utf8, zero } from '@coffer/base';
import { hkdfExpand, hkdfExtract, hmacSha512, sha512 } from '../hashes.js';
import { prefixed } from './identities.js';
import { hashBytes } from './sizes.js';

const none = new Uint8Array(0);
const preambleLabel = utf8('OPAQUEv1-');

/** What both parties hash before they derive keys (RFC 9807 §6.4.2.1). */
export interface Transcript {
  readonly context: Uint8Array;
  readonly clientIdentity: Uint8Array;
  readonly ke1: Uint8Array;
  readonly serverIdentity: Uint8Array;
  /** KE2 without its last 64 bytes, the MAC: credential response ‖ server nonce ‖ server key share. */
  readonly ke2Inner: Uint8Array;
}

/** Preamble (RFC 9807 §6.4.2.1). @throws CryptoError `bad-length` for a context or identity over 65,535 bytes. */
export function preamble(transcript: Transcript): Uint8Array {
  return concat(
    preambleLabel,
    prefixed(transcript.context, 'context'),
    prefixed(transcript.clientIdentity, 'client identity'),
    transcript.ke1,
    prefixed(transcript.serverIdentity, 'server identity'),
    transcript.ke2Inner,
  );
}

/** Derive-Secret (RFC 9807 §6.4.2.2): Expand with the structured label of TLS 1.3. */
function deriveSecret(secret: Uint8Array, label: string, transcriptHash: Uint8Array): Uint8Array {
  const labelBytes = utf8(`OPAQUE-${label}`);
  const info = concat(
    u16be(hashBytes),
    Uint8Array.of(labelBytes.length),
    labelBytes,
    Uint8Array.of(transcriptHash.length),
    transcriptHash,
  );
  return hkdfExpand('sha512', secret, info, hashBytes);
}

/** Outputs of the 3DH key schedule, 64 bytes each. */
export interface SessionKeys {
  readonly handshakeSecret: Uint8Array;
  readonly serverMacKey: Uint8Array;
  readonly clientMacKey: Uint8Array;
  readonly sessionKey: Uint8Array;
  readonly serverMac: Uint8Array;
  readonly clientMac: Uint8Array;
}

/**
 * DeriveKeys and both MACs (RFC 9807 §6.4.2.2, §6.4.3, §6.4.4).
 * @param sharedSecrets - dh1, dh2, dh3 in this order; overwritten.
 */
export function sessionKeys(sharedSecrets: readonly Uint8Array[], transcript: Transcript): SessionKeys {
  const bytes = preamble(transcript);
  const ikm = concat(...sharedSecrets);
  const prk = hkdfExtract('sha512', none, ikm);
  zero(ikm, ...sharedSecrets);
  const transcriptHash = sha512(bytes);
  const handshakeSecret = deriveSecret(prk, 'HandshakeSecret', transcriptHash);
  const sessionKey = deriveSecret(prk, 'SessionKey', transcriptHash);
  zero(prk);
  const serverMacKey = deriveSecret(handshakeSecret, 'ServerMAC', none);
  const clientMacKey = deriveSecret(handshakeSecret, 'ClientMAC', none);
  const serverMac = hmacSha512(serverMacKey, transcriptHash);
  const clientMac = hmacSha512(clientMacKey, sha512(bytes, serverMac));
  return { handshakeSecret, serverMacKey, clientMacKey, sessionKey, serverMac, clientMac };
}

/** Overwrites what only derived the keys that are handed out. */
export function forgetHandshake(keys: SessionKeys): void {
  zero(keys.handshakeSecret, keys.serverMacKey, keys.clientMacKey);
}
