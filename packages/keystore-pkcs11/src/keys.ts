import { equalBytes } from '@coffer/base';
import { type Attribute, ck, type Handle } from './cryptoki.js';
import { KeyStoreError } from './errors.js';
import type { Token } from './token.js';

/** Labels of the two keys in a token. */
export const identityLabel = 'coffer identity v1';
export const sealingLabel = 'coffer state sealing v1';

/** DER of the object identifier 1.3.101.112, id-Ed25519 (RFC 8410 §3). */
const ed25519Parameters = Uint8Array.of(0x06, 0x03, 0x2b, 0x65, 0x70);
/** DER header of an OCTET STRING of 32 bytes, as PKCS#11 wraps points. */
const pointHeader = Uint8Array.of(0x04, 0x20);

export interface TokenKeys {
  readonly identity: Handle;
  /** 32-byte Ed25519 public key. */
  readonly publicKey: Uint8Array;
  readonly sealing: Handle;
}

const attribute = (type: number, value: boolean | number | string | Uint8Array): Attribute => ({ type, value });

/** Born in the token, and never to leave it. */
const guarded: readonly Attribute[] = [
  attribute(ck.CKA_TOKEN, true),
  attribute(ck.CKA_PRIVATE, true),
  attribute(ck.CKA_SENSITIVE, true),
  attribute(ck.CKA_EXTRACTABLE, false),
  attribute(ck.CKA_MODIFIABLE, false),
];

/**
 * Makes both keys in a token that has neither.
 * @throws KeyStoreError `key-exists`: a token holds one HSM, and its keys are never replaced; `token-failed`.
 */
export function makeKeys({ cryptoki, session }: Token): void {
  for (const label of [identityLabel, sealingLabel]) {
    if (find(cryptoki, session, [attribute(ck.CKA_LABEL, label)]).length > 0) {
      throw new KeyStoreError('key-exists', `the token has a key labelled ${label} already`);
    }
  }
  cryptoki.C_GenerateKeyPair(
    session,
    { mechanism: ck.CKM_EC_EDWARDS_KEY_PAIR_GEN },
    [
      attribute(ck.CKA_TOKEN, true),
      attribute(ck.CKA_PRIVATE, false),
      attribute(ck.CKA_VERIFY, true),
      attribute(ck.CKA_EC_PARAMS, ed25519Parameters),
      attribute(ck.CKA_LABEL, identityLabel),
    ],
    [...guarded, attribute(ck.CKA_SIGN, true), attribute(ck.CKA_LABEL, identityLabel)],
  );
  cryptoki.C_GenerateKey(session, { mechanism: ck.CKM_AES_KEY_GEN }, [
    ...guarded,
    attribute(ck.CKA_VALUE_LEN, 32),
    // It only derives: what it derives seals one message each.
    attribute(ck.CKA_DERIVE, true),
    attribute(ck.CKA_ENCRYPT, false),
    attribute(ck.CKA_DECRYPT, false),
    attribute(ck.CKA_WRAP, false),
    attribute(ck.CKA_UNWRAP, false),
    attribute(ck.CKA_LABEL, sealingLabel),
  ]);
}

/** Finds both keys and checks what the token says about them. @throws KeyStoreError `no-key`, `bad-key`. */
export function findKeys({ cryptoki, session }: Token): TokenKeys {
  const one = (objectClass: number, label: string, keyType: number): Handle => {
    const template = [attribute(ck.CKA_CLASS, objectClass), attribute(ck.CKA_LABEL, label)];
    const found = find(cryptoki, session, template);
    if (found.length === 0) throw new KeyStoreError('no-key', `the token has no key labelled ${label}`);
    if (found.length > 1) throw new KeyStoreError('bad-key', `the token has ${found.length} keys labelled ${label}`);
    const key = found[0] as Handle;
    const [type] = cryptoki.C_GetAttributeValue(session, key, [{ type: ck.CKA_KEY_TYPE }]);
    if (type?.value[0] !== keyType) throw new KeyStoreError('bad-key', `the key labelled ${label} is of another type`);
    return key;
  };
  const identity = one(ck.CKO_PRIVATE_KEY, identityLabel, ck.CKK_EC_EDWARDS);
  const sealing = one(ck.CKO_SECRET_KEY, sealingLabel, ck.CKK_AES);
  const publicHalf = one(ck.CKO_PUBLIC_KEY, identityLabel, ck.CKK_EC_EDWARDS);
  for (const key of [identity, sealing]) requireGuarded(cryptoki, session, key);
  const [point, parameters] = cryptoki.C_GetAttributeValue(session, publicHalf, [
    { type: ck.CKA_EC_POINT },
    { type: ck.CKA_EC_PARAMS },
  ]);
  return { identity, sealing, publicKey: pointOf(point?.value, parameters?.value) };
}

function find(cryptoki: Token['cryptoki'], session: Handle, template: readonly Attribute[]): Handle[] {
  cryptoki.C_FindObjectsInit(session, template);
  try {
    return cryptoki.C_FindObjects(session, 4);
  } finally {
    cryptoki.C_FindObjectsFinal(session);
  }
}

/** A key that was imported, or that could once be read, may have a copy somewhere: it proves nothing about this HSM. */
function requireGuarded(cryptoki: Token['cryptoki'], session: Handle, key: Handle): void {
  const wanted = [
    [ck.CKA_SENSITIVE, true],
    [ck.CKA_EXTRACTABLE, false],
    [ck.CKA_ALWAYS_SENSITIVE, true],
    [ck.CKA_NEVER_EXTRACTABLE, true],
    [ck.CKA_LOCAL, true],
  ] as const;
  const values = cryptoki.C_GetAttributeValue(
    session,
    key,
    wanted.map(([type]) => ({ type })),
  );
  if (wanted.some(([, value], i) => (values[i]?.value[0] === 1) !== value)) {
    throw new KeyStoreError('bad-key', 'a key of the token is extractable, or was not made in it');
  }
}

function pointOf(point: Uint8Array | undefined, parameters: Uint8Array | undefined): Uint8Array {
  const isEd25519 = parameters !== undefined && equalBytes(parameters, ed25519Parameters);
  if (isEd25519 && point?.length === 34 && equalBytes(point.subarray(0, 2), pointHeader))
    return new Uint8Array(point.subarray(2));
  // Some modules leave the OCTET STRING out.
  if (isEd25519 && point?.length === 32) return new Uint8Array(point);
  throw new KeyStoreError('bad-key', 'the identity key is not an Ed25519 key');
}
