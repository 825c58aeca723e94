import { createRequire } from 'node:module';
import { KeyStoreError } from './errors.js';

/** A session or object of the module: 8 opaque bytes. */
export type Handle = Uint8Array;

export interface Attribute {
  readonly type: number;
  readonly value?: boolean | number | string | Uint8Array;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: object;
}

/** The part of pkcs11js that is used here; names are those of PKCS#11 2.40. Every call blocks. */
export interface Cryptoki {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(isTokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly model: string; readonly flags: number };
  C_GetMechanismList(slot: Handle): number[];
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_Logout(session: Handle): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, objectsMax: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly Attribute[]): { value: Uint8Array }[];
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle;
  C_GenerateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle };
  C_DeriveKey(session: Handle, mechanism: Mechanism, base: Handle, template: readonly Attribute[]): Handle;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, message: Uint8Array, out: Uint8Array): Uint8Array;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, message: Uint8Array, out: Uint8Array): Uint8Array;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, message: Uint8Array, out: Uint8Array): Uint8Array;
}

/** PKCS#11 2.40 and 3.0, with the names of the standard. */
export const ck = {
  CKF_RW_SESSION: 0x2,
  CKF_SERIAL_SESSION: 0x4,
  CKF_TOKEN_INITIALIZED: 0x400,
  CKF_USER_PIN_LOCKED: 0x40000,
  CKU_USER: 1,
  CKO_PUBLIC_KEY: 2,
  CKO_PRIVATE_KEY: 3,
  CKO_SECRET_KEY: 4,
  CKK_AES: 0x1f,
  CKK_EC_EDWARDS: 0x40,
  CKA_CLASS: 0x0,
  CKA_TOKEN: 0x1,
  CKA_PRIVATE: 0x2,
  CKA_LABEL: 0x3,
  CKA_KEY_TYPE: 0x100,
  CKA_SENSITIVE: 0x103,
  CKA_ENCRYPT: 0x104,
  CKA_DECRYPT: 0x105,
  CKA_WRAP: 0x106,
  CKA_UNWRAP: 0x107,
  CKA_SIGN: 0x108,
  CKA_VERIFY: 0x10a,
  CKA_DERIVE: 0x10c,
  CKA_VALUE_LEN: 0x161,
  CKA_EXTRACTABLE: 0x162,
  CKA_LOCAL: 0x163,
  CKA_NEVER_EXTRACTABLE: 0x164,
  CKA_ALWAYS_SENSITIVE: 0x165,
  CKA_MODIFIABLE: 0x170,
  CKA_EC_PARAMS: 0x180,
  CKA_EC_POINT: 0x181,
  CKM_EC_EDWARDS_KEY_PAIR_GEN: 0x1055,
  CKM_EDDSA: 0x1057,
  CKM_AES_KEY_GEN: 0x1080,
  CKM_AES_GCM: 0x1087,
  CKM_AES_CBC_ENCRYPT_DATA: 0x1105,
} as const;

/** pkcs11js's own tags for the structures behind a mechanism's parameter. */
interface ParameterTags {
  readonly CK_PARAMS_AES_CBC: number;
  readonly CK_PARAMS_AES_GCM: number;
}

interface Driver extends ParameterTags {
  readonly PKCS11: new () => Cryptoki;
}

/** A loaded module. A process may initialise a module only once, so all its tokens share this. */
export interface Module {
  readonly cryptoki: Cryptoki;
  readonly tags: ParameterTags;
  release(): void;
}

const modules = new Map<string, { readonly cryptoki: Cryptoki; readonly tags: ParameterTags; users: number }>();

/**
 * Loads the module at `path`, or shares it with those who have; the last `release` unloads it.
 * @throws KeyStoreError `no-driver`, `no-module`.
 */
export function openModule(path: string): Module {
  const open = modules.get(path) ?? load(path);
  modules.set(path, open);
  open.users++;
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    open.users--;
    if (open.users > 0) return;
    modules.delete(path);
    quietly(() => open.cryptoki.C_Finalize());
    quietly(() => open.cryptoki.close());
  };
  return { cryptoki: open.cryptoki, tags: open.tags, release };
}

function load(path: string): { readonly cryptoki: Cryptoki; readonly tags: ParameterTags; users: number } {
  const driver = loadDriver();
  const cryptoki = new driver.PKCS11();
  try {
    cryptoki.load(path);
    cryptoki.C_Initialize();
  } catch (cause) {
    throw new KeyStoreError('no-module', `the PKCS#11 module ${path} cannot be loaded (${reasonOf(cause)})`, { cause });
  }
  return { cryptoki, tags: driver, users: 0 };
}

/** At the first use only, so that nobody else needs a compiler. */
function loadDriver(): Driver {
  try {
    return createRequire(import.meta.url)('pkcs11js') as Driver;
  } catch (cause) {
    throw new KeyStoreError('no-driver', 'pkcs11js is not installed or not built: npm run build:pkcs11', { cause });
  }
}

/** `CKR_PIN_INCORRECT` and its like; never more, since the rest of a driver's message may hold paths. */
export function reasonOf(cause: unknown): string {
  return (cause instanceof Error && /CKR_\w+/.exec(cause.message)?.[0]) || 'no PKCS#11 reason';
}

/** For what is let go: if it fails, it is gone already. */
export function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing depends on it.
  }
}
