import { type Entropy, equalBytes, hex, utf8 } from '@coffer/base';
import { bytes, decode, encode, fixed, list, struct, u8, variant, WireError } from '@coffer/wire';
import { collect } from './byte-source.js';
import { BackupError } from './errors.js';
import { accountFolder, requireAccount } from './labels.js';
import { once } from './sealed-object.js';
import type { BackupStore } from './store.js';
import { unwrapKey, wrapBytes, wrapKey } from './wraps.js';

/**
 * The keyring: independent ways to the backup key beside the vault, stored with the backup. Anyone who can write to the
 * store can remove a wrap or bring an old keyring back; he cannot make one that opens to a key of his choice for a
 * secret that he does not know.
 */
export type KeyringWrap = RecoveryKeyWrap | PasskeyWrap;

export interface RecoveryKeyWrap {
  readonly type: 'recovery-key';
  /** 16 random bytes; names this wrap. */
  readonly id: Uint8Array;
  /** 113 bytes ({@link wrapKey}). */
  readonly wrapped: Uint8Array;
}

export interface PasskeyWrap {
  readonly type: 'passkey';
  readonly id: Uint8Array;
  /** WebAuthn credential id, at most 1,023 bytes. */
  readonly credentialId: Uint8Array;
  /** 32 random bytes, the PRF extension's input. */
  readonly prfSalt: Uint8Array;
  readonly wrapped: Uint8Array;
}

/** Most wraps in one keyring. */
export const wrapsMax = 16;
export const wrapIdBytes = 16;
/** WebAuthn's own limit (Level 3 §4, "Credential ID"). */
export const credentialIdBytesMax = 1023;
export const prfSaltBytes = 32;
const magic = utf8('COFK');
const formatVersion = 1;
/** More than the largest keyring takes. */
export const keyringBytesMax = 32_768;

const id = fixed(wrapIdBytes);
const wrapped = fixed(wrapBytes);
const layout = struct({
  magic: fixed(magic.length),
  version: u8,
  wraps: list(
    variant<KeyringWrap>({
      'recovery-key': [1, struct({ id, wrapped })],
      passkey: [2, struct({ id, credentialId: bytes(credentialIdBytesMax), prfSalt: fixed(prfSaltBytes), wrapped })],
    }),
    wrapsMax,
  ),
});

/** A keyring with these wraps, none by default. @throws BackupError as {@link addWrap}. */
export function createKeyring(wraps: readonly KeyringWrap[] = []): Uint8Array {
  return wraps.reduce(addWrap, encodeKeyring([]));
}

/** The wraps of a keyring, in the order in which they were added. @throws BackupError `bad-keyring`, `unsupported-version`. */
export function listWraps(keyring: Uint8Array): readonly KeyringWrap[] {
  try {
    if (keyring[4] !== formatVersion && keyring.length > 4 && hex(keyring.subarray(0, 4)) === hex(magic)) {
      throw new BackupError('unsupported-version', 'a keyring of a later version');
    }
    const read = decode(layout, keyring);
    if (!equalBytes(read.magic, magic)) throw new BackupError('bad-keyring', 'not a keyring');
    if (new Set(read.wraps.map((wrap) => hex(wrap.id))).size !== read.wraps.length) {
      throw new BackupError('bad-keyring', 'two wraps of one id');
    }
    return read.wraps;
  } catch (cause) {
    if (cause instanceof WireError) throw new BackupError('bad-keyring', 'not a keyring', { cause });
    throw cause;
  }
}

/** The keyring with one more wrap. @throws BackupError `wrap-exists`, `over-limit` at 16, `bad-keyring`, `bad-argument`. */
export function addWrap(keyring: Uint8Array, wrap: KeyringWrap): Uint8Array {
  const wraps = listWraps(keyring);
  if (wraps.some((other) => equalBytes(other.id, wrap.id))) throw new BackupError('wrap-exists', 'a wrap of this id');
  if (wraps.length >= wrapsMax) throw new BackupError('over-limit', `a keyring has at most ${wrapsMax} wraps`);
  return encodeKeyring([...wraps, wrap]);
}

/** The keyring without the wrap of this id. @throws BackupError `no-such-wrap`, `bad-keyring`. */
export function removeWrap(keyring: Uint8Array, wrapId: Uint8Array): Uint8Array {
  const wraps = listWraps(keyring);
  const left = wraps.filter((wrap) => !equalBytes(wrap.id, wrapId));
  if (left.length === wraps.length) throw new BackupError('no-such-wrap', 'no wrap of this id');
  return encodeKeyring(left);
}

/** A wrap of the backup key under a recovery key (32 bytes). */
export function wrapWithRecoveryKey(
  account: Uint8Array,
  recoveryKey: Uint8Array,
  backupKey: Uint8Array,
  entropy: Entropy,
): RecoveryKeyWrap {
  requireAccount(account);
  const id = entropy.bytes(wrapIdBytes);
  return { type: 'recovery-key', id, wrapped: wrapKey('recovery-key', recoveryKey, account, backupKey, entropy) };
}

/** A wrap of the backup key under what a passkey's PRF gives (32 bytes) for `prfSalt`. */
export function wrapWithPasskey(
  account: Uint8Array,
  passkey: { readonly credentialId: Uint8Array; readonly prfSalt: Uint8Array; readonly prfOutput: Uint8Array },
  backupKey: Uint8Array,
  entropy: Entropy,
): PasskeyWrap {
  requireAccount(account);
  const { credentialId, prfSalt, prfOutput } = passkey;
  const id = entropy.bytes(wrapIdBytes);
  const sealed = wrapKey('passkey', prfOutput, account, backupKey, entropy);
  return { type: 'passkey', id, credentialId, prfSalt, wrapped: sealed };
}

/**
 * The backup key, for the caller to zero.
 * @throws BackupError `recovery-key-wrong` when it opens none of the keyring's wraps for this account; `no-such-wrap`
 * when the keyring has none for a recovery key; `bad-keyring`.
 */
export function unwrapWithRecoveryKey(keyring: Uint8Array, recoveryKey: Uint8Array, account: Uint8Array): Uint8Array {
  const wraps = listWraps(keyring).filter((wrap) => wrap.type === 'recovery-key');
  if (wraps.length === 0) throw new BackupError('no-such-wrap', 'this keyring has no recovery key');
  const opened = tryWraps('recovery-key', wraps, recoveryKey, account);
  if (opened === undefined) throw new BackupError('recovery-key-wrong', 'not the recovery key of this backup');
  return opened;
}

/** The same for a passkey. @throws BackupError `unwrap-failed`, `no-such-wrap`, `bad-keyring`. */
export function unwrapWithPasskey(
  keyring: Uint8Array,
  passkey: { readonly credentialId: Uint8Array; readonly prfOutput: Uint8Array },
  account: Uint8Array,
): Uint8Array {
  const wraps = listWraps(keyring).filter(
    (wrap) => wrap.type === 'passkey' && equalBytes(wrap.credentialId, passkey.credentialId),
  );
  if (wraps.length === 0) throw new BackupError('no-such-wrap', 'this keyring does not know the passkey');
  const opened = tryWraps('passkey', wraps, passkey.prfOutput, account);
  if (opened === undefined) throw new BackupError('unwrap-failed', 'the passkey does not open this keyring');
  return opened;
}

function tryWraps(
  purpose: KeyringWrap['type'],
  wraps: readonly KeyringWrap[],
  secret: Uint8Array,
  account: Uint8Array,
): Uint8Array | undefined {
  for (const wrap of wraps) {
    try {
      return unwrapKey(purpose, secret, account, wrap.wrapped);
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'unwrap-failed') throw error;
    }
  }
  return undefined;
}

function encodeKeyring(wraps: readonly KeyringWrap[]): Uint8Array {
  try {
    return encode(layout, { magic, version: formatVersion, wraps });
  } catch (cause) {
    throw new BackupError('bad-argument', 'a wrap is not well formed', { cause });
  }
}

/** Name of an account's keyring in a store. */
export function keyringName(account: Uint8Array): string {
  return `${accountFolder(account)}/keyring`;
}

/** Stores a keyring; the one before stays until this one is durable. @throws BackupError `bad-keyring`. */
export async function saveKeyring(store: BackupStore, account: Uint8Array, keyring: Uint8Array): Promise<void> {
  listWraps(keyring);
  await store.put(keyringName(account), once(keyring));
}

/** The stored keyring. @throws BackupError `no-keyring`, `bad-keyring`, `unsupported-version`. */
export async function loadKeyring(store: BackupStore, account: Uint8Array): Promise<Uint8Array> {
  try {
    const tooLong = () => new BackupError('bad-keyring', 'not a keyring');
    const keyring = await collect(await store.get(keyringName(account)), keyringBytesMax, tooLong);
    listWraps(keyring);
    return keyring;
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'missing-object') throw error;
    throw new BackupError('no-keyring', 'there is no keyring of this account', { cause: error });
  }
}
