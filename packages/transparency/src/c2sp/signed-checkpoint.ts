import { TransparencyError } from '../errors.js';
import { type Checkpoint, decodeCheckpoint } from './checkpoint.js';
import { verifyCosignature } from './cosignature.js';
import { decodeNote, encodeNote, isNoteSignature, type Note, signatureOf } from './note.js';
import type { NoteKey } from './note-key.js';
import type { Policy } from './policy.js';
import type { WitnessTimes } from './quorum.js';

/** A checkpoint that one of the policy's logs signed, and who cosigned it when. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The listed logs that signed it, at least one. */
  readonly logs: readonly NoteKey[];
  /** Milliseconds since 1970, by the witness's name in the policy. Whether they are a quorum is the caller's question. */
  readonly cosignedMs: WitnessTimes;
  readonly note: Note;
}

/**
 * Opens a checkpoint note. Lines of unknown keys are ignored (signed-note, Signatures); one of a known key that does not
 * verify makes the whole note worthless.
 * @throws TransparencyError `bad-note`, `bad-checkpoint`; `bad-log-signature` when no listed log of that origin signed
 *   it; `bad-cosignature`.
 */
export function openCheckpoint(bytes: Uint8Array, policy: Pick<Policy, 'logs' | 'witnesses'>): SignedCheckpoint {
  const note = decodeNote(bytes);
  const checkpoint = decodeCheckpoint(note.text);
  const logs = verifyLogSignature(note, checkpoint.origin, policy.logs);
  const cosignedMs = new Map<string, number>();
  for (const { name, key } of policy.witnesses) {
    const line = signatureOf(note, key);
    if (line !== undefined) cosignedMs.set(name, 1000 * verifyCosignature(note.text, key, line));
  }
  return { checkpoint, logs, cosignedMs, note };
}

/** @returns the listed keys of that origin that signed, at least one. @throws TransparencyError `bad-log-signature`. */
export function verifyLogSignature(note: Note, origin: string, logs: Policy['logs']): readonly NoteKey[] {
  const signed = logs.flatMap(({ key }) => {
    const line = key.name === origin ? signatureOf(note, key) : undefined;
    if (line === undefined) return [];
    if (!isNoteSignature(note.text, key, line))
      throw new TransparencyError('bad-log-signature', 'the log’s signature does not verify');
    return [key];
  });
  if (signed.length === 0) throw new TransparencyError('bad-log-signature', 'no listed log signed the checkpoint');
  return signed;
}

/**
 * The same note with one line for each key of the policy that signed it and nothing else, as bundles carry it.
 * @throws TransparencyError `bad-note` for what is no note, or has no line of a listed key.
 */
export function pruneCheckpoint(bytes: Uint8Array, policy: Pick<Policy, 'logs' | 'witnesses'>): Uint8Array {
  const note = decodeNote(bytes);
  const keys = [...policy.logs, ...policy.witnesses].map(({ key }) => key);
  return encodeNote({ text: note.text, signatures: keys.flatMap((key) => signatureOf(note, key) ?? []) });
}
