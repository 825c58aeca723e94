import { concat, type Entropy, invariant, utf8 } from '@coffer/base';
import { CryptoError, ed25519SignatureBytes, isEd25519Signature } from '@coffer/crypto';
import type { KeyStore } from '@coffer/hsm';
import { ck, type Handle, type Mechanism, quietly, reasonOf } from './cryptoki.js';
import { KeyStoreError } from './errors.js';
import { findKeys, makeKeys, type TokenKeys } from './keys.js';
import { Token, type TokenConfig } from './token.js';

const saltBytes = 32;
const tagBytes = 16;
/** How much longer than its plaintext a sealed message is: salt ‖ ciphertext ‖ tag. */
export const tokenSealOverheadBytes = saltBytes + tagBytes;
/** Longest `platform`, which travels in a field of 64 bytes. */
const platformBytesMax = 64;

/**
 * The keys of an HSM in a PKCS#11 token. This process holds handles: both keys are made in the token, marked sensitive and
 * never extractable, and checked to be so at every start.
 *
 * What that is worth: the keys cannot be copied, so an HSM cannot be run twice from a stolen disk. The program around them,
 * and with it the fleet secrets in its memory, is still a process of the host; hence `SIMULATED HARDWARE`.
 *
 * Every call blocks until the token has answered. When a call fails that worked at the start, it throws KeyStoreError
 * `token-failed`, and the HSM halts before it has said anything.
 */
export class Pkcs11KeyStore implements KeyStore {
  readonly platform: string;
  readonly publicKey: Uint8Array;
  readonly #token: Token;
  readonly #keys: TokenKeys;
  readonly #entropy: Entropy;

  private constructor(token: Token, keys: TokenKeys, entropy: Entropy) {
    this.#token = token;
    this.#keys = keys;
    this.#entropy = entropy;
    this.publicKey = keys.publicKey;
    const model = token.model.replaceAll(/[^\x20-\x7e]/g, '?');
    this.platform = `SIMULATED HARDWARE, keys in PKCS#11: ${model}`.slice(0, platformBytesMax);
  }

  /**
   * Makes both keys in a token that has none of this name. Done once in an HSM's life.
   * @throws KeyStoreError as {@link Pkcs11KeyStore.open}, and `key-exists`.
   */
  static generate(config: TokenConfig, entropy: Entropy): Pkcs11KeyStore {
    return Pkcs11KeyStore.#opened(config, entropy, true);
  }

  /**
   * Logs in, finds the keys, and has the token prove that it holds them.
   * @param entropy - salts of sealed messages.
   * @throws KeyStoreError any code but `key-exists`.
   */
  static open(config: TokenConfig, entropy: Entropy): Pkcs11KeyStore {
    return Pkcs11KeyStore.#opened(config, entropy, false);
  }

  static #opened(config: TokenConfig, entropy: Entropy, isNew: boolean): Pkcs11KeyStore {
    const token = Token.open(config, isNew);
    try {
      if (isNew) answered(() => makeKeys(token));
      const keys = answered(() => findKeys(token));
      const store = new Pkcs11KeyStore(token, keys, entropy);
      store.#prove();
      return store;
    } catch (cause) {
      token.close();
      throw cause;
    }
  }

  sign(message: Uint8Array): Uint8Array {
    return answered(() => {
      const { cryptoki, session } = this.#token;
      cryptoki.C_SignInit(session, { mechanism: ck.CKM_EDDSA }, this.#keys.identity);
      return new Uint8Array(cryptoki.C_Sign(session, message, Buffer.alloc(ed25519SignatureBytes)));
    });
  }

  /**
   * A key of its own for every message, derived in the token from a fresh salt, so that GCM's nonce may be constant.
   * @param plaintext - at least a byte: SoftHSM encrypts nothing less.
   */
  seal(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    invariant(plaintext.length > 0, 'a token seals at least a byte');
    const salt = this.#entropy.bytes(saltBytes);
    const sealed = answered(() =>
      this.#withMessageKey(salt, (key) => {
        const { cryptoki, session } = this.#token;
        cryptoki.C_EncryptInit(session, this.#gcm(associatedData), key);
        return cryptoki.C_Encrypt(session, plaintext, Buffer.alloc(plaintext.length + tagBytes));
      }),
    );
    return concat(salt, sealed);
  }

  /**
   * @throws CryptoError `open-failed` when it was not sealed by this token with the same associated data; KeyStoreError
   *   `token-failed` when the token no longer opens anything.
   */
  open(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    if (sealed.length <= tokenSealOverheadBytes) throw new CryptoError('open-failed', 'sealed message is too short');
    try {
      return this.#decrypt(associatedData, sealed);
    } catch (cause) {
      // Tokens report a wrong tag and their own death alike (SoftHSM: CKR_GENERAL_ERROR for the one, and others for the
      // other). Whoever took the one for the other would declare good state damaged, or go on with a dead token.
      answered(() => this.#decrypt(probe, this.seal(probe, probe)));
      throw new CryptoError('open-failed', 'not sealed by this token, or changed since', { cause });
    }
  }

  /** Logs out. Nothing works afterwards. */
  close(): void {
    this.#token.close();
  }

  /** The public half may be anything that somebody stored in the token under that label. */
  #prove(): void {
    const challenge = concat(proofLabel, this.#entropy.bytes(32));
    if (!isEd25519Signature(this.publicKey, challenge, this.sign(challenge))) {
      throw new KeyStoreError('bad-key', 'the two halves of the identity key do not belong together');
    }
  }

  #decrypt(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    const ciphertext = sealed.subarray(saltBytes);
    return this.#withMessageKey(sealed.subarray(0, saltBytes), (key) => {
      const { cryptoki, session } = this.#token;
      cryptoki.C_DecryptInit(session, this.#gcm(associatedData), key);
      return new Uint8Array(cryptoki.C_Decrypt(session, ciphertext, Buffer.alloc(ciphertext.length)));
    });
  }

  #withMessageKey<T>(salt: Uint8Array, work: (key: Handle) => T): T {
    const { cryptoki, session, tags } = this.#token;
    const parameter = { type: tags.CK_PARAMS_AES_CBC, iv: Buffer.alloc(16), data: Buffer.from(salt) };
    const mechanism = { mechanism: ck.CKM_AES_CBC_ENCRYPT_DATA, parameter };
    const key = cryptoki.C_DeriveKey(session, mechanism, this.#keys.sealing, messageKeyTemplate);
    try {
      return work(key);
    } finally {
      // It would stay in the token's memory for as long as the session lasts.
      quietly(() => cryptoki.C_DestroyObject(session, key));
    }
  }

  #gcm(associatedData: Uint8Array): Mechanism {
    const parameter = {
      type: this.#token.tags.CK_PARAMS_AES_GCM,
      iv: Buffer.alloc(12),
      ivBits: 96,
      aad: Buffer.from(associatedData),
      tagBits: 8 * tagBytes,
    };
    return { mechanism: ck.CKM_AES_GCM, parameter };
  }
}

const proofLabel = utf8('coffer/pkcs11-key-store/possession/v1');
const probe = utf8('coffer/pkcs11-key-store/probe/v1');

const messageKeyTemplate = [
  { type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY },
  { type: ck.CKA_KEY_TYPE, value: ck.CKK_AES },
  { type: ck.CKA_VALUE_LEN, value: 32 },
  { type: ck.CKA_TOKEN, value: false },
  { type: ck.CKA_PRIVATE, value: true },
  { type: ck.CKA_SENSITIVE, value: true },
  { type: ck.CKA_EXTRACTABLE, value: false },
  { type: ck.CKA_ENCRYPT, value: true },
  { type: ck.CKA_DECRYPT, value: true },
];

/** A token that fails at what it could do before is gone, whatever reason it gives. */
function answered<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof KeyStoreError) throw cause;
    throw new KeyStoreError('token-failed', `the token does not do its work (${reasonOf(cause)})`, { cause });
  }
}
