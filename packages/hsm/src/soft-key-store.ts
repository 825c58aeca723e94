import { type Entropy, utf8, zero } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, openCommitting, sealCommitting } from '@coffer/crypto';
import { decode, encode, fixed, struct, u8 } from '@coffer/wire';
import { HsmError } from './errors.js';
import type { KeyStore } from './ports.js';

interface SoftKeys {
  readonly version: number;
  readonly identitySeed: Uint8Array;
  readonly sealingKey: Uint8Array;
}

const softKeysLayout = struct<SoftKeys>({ version: u8, identitySeed: fixed(32), sealingKey: fixed(32) });
const softKeysVersion = 1;

/**
 * A key store in plain memory. It keeps the interface of real hardware and none of its protection: who reads the
 * process or the exported bytes has the keys. Everything that describes it says `SIMULATED HARDWARE`.
 */
export class SoftKeyStore implements KeyStore {
  readonly platform = 'SIMULATED HARDWARE';
  readonly publicKey: Uint8Array;
  readonly #keys: SoftKeys;
  readonly #entropy: Entropy;

  private constructor(keys: SoftKeys, entropy: Entropy) {
    this.#keys = keys;
    this.#entropy = entropy;
    this.publicKey = ed25519PublicKey(keys.identitySeed);
  }

  static generate(entropy: Entropy): SoftKeyStore {
    const keys = { version: softKeysVersion, identitySeed: entropy.bytes(32), sealingKey: entropy.bytes(32) };
    return new SoftKeyStore(keys, entropy);
  }

  /** @param bytes - what {@link export} returned. @throws HsmError `bad-state`, WireError. */
  static from(bytes: Uint8Array, entropy: Entropy): SoftKeyStore {
    const keys = decode(softKeysLayout, bytes);
    if (keys.version !== softKeysVersion) throw new HsmError('bad-state', 'key store of an unknown version');
    return new SoftKeyStore(keys, entropy);
  }

  /** The private keys, for a 0600 file; zero the bytes after use. */
  export(): Uint8Array {
    return encode(softKeysLayout, this.#keys);
  }

  sign(message: Uint8Array): Uint8Array {
    return ed25519Sign(this.#keys.identitySeed, message);
  }

  seal(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return sealCommitting(this.#keys.sealingKey, sealInfo, associatedData, plaintext, this.#entropy);
  }

  open(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    return openCommitting(this.#keys.sealingKey, sealInfo, associatedData, sealed);
  }

  /** Overwrites the keys in memory. */
  close(): void {
    zero(this.#keys.identitySeed, this.#keys.sealingKey);
  }
}

const sealInfo = utf8('coffer/soft-key-store/v1');
