import { concat, u64be, utf8 } from '@coffer/base';
import { ed25519Sign, ed25519SignatureBytes, isEd25519Signature } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';
import { cosignatureSecondsMax } from '../limits.js';
import type { NoteSignature } from './note.js';
import type { NoteKey, NoteSigner } from './note-key.js';

/** `cosignature/v1\ntime T\n` ‖ checkpoint text (tlog-cosignature, Ed25519 signed message). */
function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}

/**
 * A witness's statement that at `timeSeconds` this was the largest consistent checkpoint it had seen.
 * @param text - checkpoint text, whole.
 * @param timeSeconds - since 1970; 0 to {@link cosignatureSecondsMax}.
 * @throws TransparencyError `bad-key` for a key of another use, `bad-cosignature` for a time out of range.
 */
export function cosignCheckpoint(text: string, witness: NoteSigner, timeSeconds: number): NoteSignature {
  if (witness.use !== 'witness') throw new TransparencyError('bad-key', 'not a witness key');
  if (!Number.isInteger(timeSeconds) || timeSeconds < 0 || timeSeconds > cosignatureSecondsMax)
    throw new TransparencyError('bad-cosignature', 'a time out of range');
  const signature = ed25519Sign(witness.seed, cosignedMessage(text, timeSeconds));
  return { name: witness.name, id: witness.id, signature: concat(u64be(BigInt(timeSeconds)), signature) };
}

/**
 * Checks one line of a known witness.
 * @returns when it cosigned, in seconds since 1970.
 * @throws TransparencyError `bad-cosignature`.
 */
export function verifyCosignature(text: string, witness: NoteKey, { signature }: NoteSignature): number {
  if (witness.use !== 'witness' || signature.length !== 8 + ed25519SignatureBytes)
    throw new TransparencyError('bad-cosignature', 'not a cosignature');
  let timeSeconds = 0;
  for (const byte of signature.subarray(0, 8)) timeSeconds = timeSeconds * 256 + byte;
  if (timeSeconds > cosignatureSecondsMax) throw new TransparencyError('bad-cosignature', 'a time out of range');
  if (!isEd25519Signature(witness.key, cosignedMessage(text, timeSeconds), signature.subarray(8)))
    throw new TransparencyError('bad-cosignature', 'a cosignature that does not verify');
  return timeSeconds;
}
