import { type Cryptoki, ck, type Handle, type Module, openModule, quietly, reasonOf } from './cryptoki.js';
import { KeyStoreError } from './errors.js';
import { type PinSource, readPin } from './pin.js';

/** Which token, and how to log in to it. */
export interface TokenConfig {
  /** Path of the PKCS#11 module, a shared library: SoftHSM's, or the one of a network or PCIe HSM. */
  readonly module: string;
  /** By the label it was initialised with, or by slot number. Labels stay; slot numbers may change with hardware. */
  readonly token: { readonly label: string } | { readonly slot: number };
  readonly pin: PinSource;
}

/** A login to one token. */
export class Token {
  readonly cryptoki: Cryptoki;
  readonly tags: Module['tags'];
  readonly session: Handle;
  /** As the token calls itself, such as `SoftHSM v2`. */
  readonly model: string;
  readonly #module: Module;
  #isClosed = false;

  private constructor(module: Module, session: Handle, model: string) {
    this.cryptoki = module.cryptoki;
    this.tags = module.tags;
    this.#module = module;
    this.session = session;
    this.model = model;
  }

  /**
   * @param isWriting - whether keys will be made.
   * @throws KeyStoreError `no-driver`, `no-module`, `no-token`, `no-pin`, `wrong-pin`, `pin-locked`, `in-use`,
   *   `unsupported`.
   */
  static open(config: TokenConfig, isWriting: boolean): Token {
    const module = openModule(config.module);
    let session: Handle | undefined;
    try {
      const { cryptoki } = module;
      const slot = findSlot(cryptoki, config.token);
      const { model, flags } = cryptoki.C_GetTokenInfo(slot);
      if ((flags & ck.CKF_USER_PIN_LOCKED) !== 0) throw new KeyStoreError('pin-locked', 'the user PIN is locked');
      requireMechanisms(cryptoki.C_GetMechanismList(slot));
      session = cryptoki.C_OpenSession(slot, ck.CKF_SERIAL_SESSION | (isWriting ? ck.CKF_RW_SESSION : 0));
      login(cryptoki, session, config.pin);
      return new Token(module, session, trimmed(model));
    } catch (cause) {
      if (session !== undefined) closeSession(module.cryptoki, session);
      module.release();
      if (cause instanceof KeyStoreError) throw cause;
      throw new KeyStoreError('no-token', `the token does not answer (${reasonOf(cause)})`, { cause });
    }
  }

  /** Logs out and lets the module go; may be called again. */
  close(): void {
    // A second logout would be that of whoever has logged in since.
    if (this.#isClosed) return;
    this.#isClosed = true;
    quietly(() => this.cryptoki.C_Logout(this.session));
    closeSession(this.cryptoki, this.session);
    this.#module.release();
  }
}

function closeSession(cryptoki: Cryptoki, session: Handle): void {
  quietly(() => cryptoki.C_CloseSession(session));
}

function findSlot(cryptoki: Cryptoki, wanted: TokenConfig['token']): Handle {
  const slots = cryptoki.C_GetSlotList(true);
  if ('slot' in wanted) {
    const slot = slots.find((each) => numberOf(each) === BigInt(wanted.slot));
    if (slot !== undefined) return slot;
    throw new KeyStoreError('no-token', `no token in slot ${wanted.slot}`);
  }
  const found = slots.filter((slot) => {
    const { label, flags } = cryptoki.C_GetTokenInfo(slot);
    return (flags & ck.CKF_TOKEN_INITIALIZED) !== 0 && trimmed(label) === wanted.label;
  });
  // Two tokens of one label: taking either would be a guess about who this HSM is.
  if (found.length !== 1) throw new KeyStoreError('no-token', `${found.length} tokens are labelled ${wanted.label}`);
  return found[0] as Handle;
}

/** Handles are native unsigned longs. */
function numberOf(handle: Handle): bigint {
  return Buffer.from(handle.buffer, handle.byteOffset, handle.length).readBigUInt64LE();
}

/** Fixed-width fields: blank-padded by the standard, NUL-padded by some. */
function trimmed(text: string): string {
  return text.replace(/[\0 ]+$/, '');
}

const mechanisms = [
  'CKM_EC_EDWARDS_KEY_PAIR_GEN',
  'CKM_EDDSA',
  'CKM_AES_KEY_GEN',
  'CKM_AES_CBC_ENCRYPT_DATA',
  'CKM_AES_GCM',
] as const;

function requireMechanisms(offered: readonly number[]): void {
  const missing = mechanisms.filter((name) => !offered.includes(ck[name]));
  if (missing.length > 0) throw new KeyStoreError('unsupported', `the token has no ${missing.join(', ')}`);
}

function login(cryptoki: Cryptoki, session: Handle, source: PinSource): void {
  const pin = readPin(source);
  try {
    cryptoki.C_Login(session, ck.CKU_USER, pin);
  } catch (cause) {
    const reason = reasonOf(cause);
    if (reason === 'CKR_PIN_LOCKED') throw new KeyStoreError('pin-locked', 'the user PIN is locked', { cause });
    // A login is the process's, not the session's. Sharing one would accept any PIN from the second user on.
    if (reason === 'CKR_USER_ALREADY_LOGGED_IN') {
      throw new KeyStoreError('in-use', 'this process is logged in to the token already', { cause });
    }
    if (/^CKR_PIN_/.test(reason))
      throw new KeyStoreError('wrong-pin', `the token refuses the PIN (${reason})`, { cause });
    throw cause;
  }
}
