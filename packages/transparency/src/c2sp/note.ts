import { base64, concat, equalBytes, fromBase64, utf8, utf8Text } from '@coffer/base';
import { ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';
import { noteBytesMax, noteSignaturesMax } from '../limits.js';
import { hasControlCharacter } from './characters.js';
import { isKeyName, type NoteKey, type NoteSigner } from './note-key.js';

/** One signature line: `— name base64(id ‖ signature)`. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly id: Uint8Array;
  /** What the key's type says it is; at least 1 byte. */
  readonly signature: Uint8Array;
}

/** A signed note (C2SP signed-note). Decoded, nothing in it is verified. */
export interface Note {
  /** Ends in a newline, which is signed too. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const isNoteText = (text: string): boolean =>
  text.endsWith('\n') && !hasControlCharacter(text, '\n') && !/\p{Cs}/u.test(text);

/** @throws TransparencyError `bad-note` for a text that cannot be one, no signature or too many, or a bad key name. */
export function encodeNote({ text, signatures }: Note): Uint8Array {
  const bytes = concat(utf8(`${text}\n`), encodeSignatureLines(signatures));
  if (!isNoteText(text) || signatures.length === 0 || bytes.length > noteBytesMax)
    throw new TransparencyError('bad-note', 'not a note');
  return bytes;
}

/** A note of any signers. @throws TransparencyError `bad-note`. */
export function decodeNote(bytes: Uint8Array): Note {
  const whole = decodeText(bytes);
  // The text may have empty lines; the last one separates it from the signatures.
  const at = whole.lastIndexOf('\n\n');
  if (at < 0) throw new TransparencyError('bad-note', 'no signatures');
  return { text: whole.slice(0, at + 1), signatures: parseSignatureLines(whole.slice(at + 2)) };
}

/** Signature lines alone, as a witness answers them. @throws TransparencyError `bad-note`. */
export function encodeSignatureLines(signatures: readonly NoteSignature[]): Uint8Array {
  if (signatures.length > noteSignaturesMax || signatures.some(({ name }) => !isKeyName(name)))
    throw new TransparencyError('bad-note', 'too many signatures or a bad key name');
  return utf8(signatures.map(({ name, id, signature }) => `— ${name} ${base64(concat(id, signature))}\n`).join(''));
}

/** Undoes {@link encodeSignatureLines}; at least one. @throws TransparencyError `bad-note`. */
export const decodeSignatureLines = (bytes: Uint8Array): readonly NoteSignature[] =>
  parseSignatureLines(decodeText(bytes));

/** Signs the text itself: what a log does (signed-note, Ed25519 signatures). */
export function signNote(text: string, { name, id, seed }: NoteSigner): NoteSignature {
  return { name, id, signature: ed25519Sign(seed, utf8(text)) };
}

/**
 * The signature of a known key, if the note has one. A second line of the same key is not looked at, as in Go's
 * sumdb/note. @returns undefined when there is none.
 */
export function signatureOf({ signatures }: Note, { name, id }: NoteKey): NoteSignature | undefined {
  return signatures.find((line) => line.name === name && equalBytes(line.id, id));
}

/** Whether `line` is the signature of a `log` key over the text. */
export function isNoteSignature(text: string, key: NoteKey, line: NoteSignature): boolean {
  return key.use === 'log' && isEd25519Signature(key.key, utf8(text), line.signature);
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length > noteBytesMax) throw new TransparencyError('bad-note', 'over its limit');
  try {
    const text = utf8Text(bytes);
    if (isNoteText(text)) return text;
  } catch (cause) {
    throw new TransparencyError('bad-note', 'not UTF-8', { cause });
  }
  throw new TransparencyError('bad-note', 'a control character, or no newline at the end');
}

function parseSignatureLines(text: string): readonly NoteSignature[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > noteSignaturesMax)
    throw new TransparencyError('bad-note', 'signature lines out of range');
  return lines.map((line) => {
    const [dash, name, encoded, ...more] = line.split(' ');
    if (dash !== '—' || name === undefined || !isKeyName(name) || encoded === undefined || more.length > 0)
      throw new TransparencyError('bad-note', 'not a signature line');
    try {
      const bytes = fromBase64(encoded);
      if (bytes.length > 4) return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
    } catch (cause) {
      throw new TransparencyError('bad-note', 'a signature line that is not base64', { cause });
    }
    throw new TransparencyError('bad-note', 'a signature line too short');
  });
}
