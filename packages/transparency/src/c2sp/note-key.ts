import { base64, concat, equalBytes, fromBase64, fromHex, hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, ed25519PublicKeyBytes, ed25519SeedBytes, sha256 } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';
import { keyNameBytesMax } from '../limits.js';
import { hasControlCharacter } from './characters.js';

/** What a note key signs: `log` the note text (type 01), `witness` a timestamped cosignature of it (type 04). */
export type NoteKeyUse = 'log' | 'witness';

/** A public key by which a note can be verified (signed-note, Signatures). */
export interface NoteKey {
  readonly name: string;
  readonly use: NoteKeyUse;
  /** 32-byte Ed25519 public key. */
  readonly key: Uint8Array;
  /** 4 bytes: `SHA-256(name ‖ 0A ‖ type ‖ key)[:4]`. */
  readonly id: Uint8Array;
}

/** A key that signs notes. Whoever holds one zeroes `seed` when done. */
export interface NoteSigner extends NoteKey {
  /** 32-byte Ed25519 seed. */
  readonly seed: Uint8Array;
}

const typeOf = { log: 1, witness: 4 } as const;

/**
 * Whether `name` may name a key: not empty, no Unicode space, no ASCII control character, no `+` (signed-note, Format).
 * Nothing more may be refused: a line of an unknown key would then make a whole note worthless.
 */
export function isKeyName(name: string): boolean {
  const isForm = name !== '' && !hasControlCharacter(name, '') && !/[\p{White_Space}\p{Cs}+]/u.test(name);
  return isForm && utf8(name).length <= keyNameBytesMax;
}

/** @throws TransparencyError `bad-key` for a name or key out of form. */
export function noteKey(name: string, use: NoteKeyUse, key: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new TransparencyError('bad-key', 'not a key name');
  if (key.length !== ed25519PublicKeyBytes) throw new TransparencyError('bad-key', 'not an Ed25519 public key');
  return { name, use, key, id: sha256(utf8(name), Uint8Array.of(0x0a, typeOf[use]), key).slice(0, 4) };
}

/** The signer with this 32-byte seed. @throws TransparencyError `bad-key`. */
export function noteSigner(name: string, use: NoteKeyUse, seed: Uint8Array): NoteSigner {
  if (seed.length !== ed25519SeedBytes) throw new TransparencyError('bad-key', 'not an Ed25519 seed');
  return { ...noteKey(name, use, ed25519PublicKey(seed)), seed };
}

/** A vkey: `name+hex(id)+base64(type ‖ key)` (signed-note, Verifier keys). */
export function encodeVerifierKey({ name, use, key, id }: NoteKey): string {
  return `${name}+${hex(id)}+${base64(concat(Uint8Array.of(typeOf[use]), key))}`;
}

/** @throws TransparencyError `bad-key` for any other form, an unknown type, or an id that is not the key's. */
export function decodeVerifierKey(text: string): NoteKey {
  const { name, id, use, material } = parts(text);
  const key = noteKey(name, use, material);
  if (!equalBytes(key.id, id)) throw new TransparencyError('bad-key', 'the key id is not the key’s');
  return key;
}

const signerPrefix = 'PRIVATE+KEY+';

/** `PRIVATE+KEY+name+hex(id)+base64(type ‖ seed)`, as Go's sumdb/note writes it. Secret. */
export function encodeSignerKey({ name, use, seed, id }: NoteSigner): string {
  return `${signerPrefix}${name}+${hex(id)}+${base64(concat(Uint8Array.of(typeOf[use]), seed))}`;
}

/** @throws TransparencyError `bad-key`. */
export function decodeSignerKey(text: string): NoteSigner {
  if (!text.startsWith(signerPrefix)) throw new TransparencyError('bad-key', 'not a signer key');
  const { name, id, use, material } = parts(text.slice(signerPrefix.length));
  const signer = noteSigner(name, use, material);
  if (!equalBytes(signer.id, id)) throw new TransparencyError('bad-key', 'the key id is not the key’s');
  return signer;
}

function parts(text: string) {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})$/u.exec(text);
  if (match === null) throw new TransparencyError('bad-key', 'not a note key');
  const [name, id, encoded] = match.slice(1) as [string, string, string];
  let typed: Uint8Array;
  try {
    typed = fromBase64(encoded);
  } catch (cause) {
    throw new TransparencyError('bad-key', 'not base64', { cause });
  }
  const use = (['log', 'witness'] as const).find((use) => typeOf[use] === typed[0]);
  if (use === undefined) throw new TransparencyError('bad-key', 'unknown type of key');
  return { name, id: fromHex(id), use, material: typed.slice(1) };
}
