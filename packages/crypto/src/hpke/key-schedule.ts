import { concat, u16be, utf8, zero } from '@coffer/base';
import { labeledExpand, labeledExtract } from './labeled.js';

/** HKDF-SHA256 in the registry of RFC 9180 §7.2, the one KDF here. */
const kdfId = 0x0001;
const modeBase = 0x00;
const none = new Uint8Array(0);

/** The AEAD of a suite. `open` throws CryptoError `open-failed`. */
export interface HpkeAead {
  /** Identifier in RFC 9180 §7.3. */
  readonly id: number;
  readonly keyBytes: number;
  readonly nonceBytes: number;
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** A KEM and an AEAD around HKDF-SHA-256. Coffer uses one suite; tests run RFC 9180's own through the same code. */
export interface HpkeSuite {
  /** Identifier in RFC 9180 §7.1 or its registry. */
  readonly kemId: number;
  readonly aead: HpkeAead;
}

/** What a key schedule gives (RFC 9180 §5.1). */
export interface HpkeKeys {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
  readonly exporterSecret: Uint8Array;
}

/** "HPKE" ‖ kem_id ‖ kdf_id ‖ aead_id. */
export function hpkeSuiteId(suite: HpkeSuite): Uint8Array {
  return concat(utf8('HPKE'), u16be(suite.kemId), u16be(kdfId), u16be(suite.aead.id));
}

/** KeySchedule of the base mode (RFC 9180 §5.1), with default PSK and PSK identity. */
export function hpkeKeySchedule(suite: HpkeSuite, sharedSecret: Uint8Array, info: Uint8Array): HpkeKeys {
  const suiteId = hpkeSuiteId(suite);
  const pskIdHash = labeledExtract(suiteId, none, 'psk_id_hash', none);
  const infoHash = labeledExtract(suiteId, none, 'info_hash', info);
  const context = concat(Uint8Array.of(modeBase), pskIdHash, infoHash);
  const secret = labeledExtract(suiteId, sharedSecret, 'secret', none);
  const keys = {
    key: labeledExpand(suiteId, secret, 'key', context, suite.aead.keyBytes),
    baseNonce: labeledExpand(suiteId, secret, 'base_nonce', context, suite.aead.nonceBytes),
    exporterSecret: labeledExpand(suiteId, secret, 'exp', context, 32),
  };
  zero(secret);
  return keys;
}
