import { concat, equalBytes, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { type Checkpoint, decodeCheckpoint, decodeNote } from '@coffer/transparency';
import { WitnessError } from './errors.js';

/** The checkpoint that was cosigned last for one log. */
export interface StoredCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Bytes of the note with the log's signature: it says who is to blame, should another tree appear. */
  readonly note: Uint8Array;
}

const lineBytes = 65;

/**
 * `hex(SHA-256(note))\n` ‖ note. The digest tells a flipped bit from what was written: a size that reads a little smaller
 * would have the witness cosign a second tree.
 */
export function encodeStored(note: Uint8Array): Uint8Array {
  return concat(utf8(`${hex(sha256(note))}\n`), note);
}

/** @throws WitnessError `state-damaged` for anything but what was stored for this log. */
export function decodeStored(bytes: Uint8Array, origin: string): StoredCheckpoint {
  const note = bytes.slice(lineBytes);
  if (!equalBytes(bytes.slice(0, lineBytes), utf8(`${hex(sha256(note))}\n`))) throw damaged(origin);
  const checkpoint = decodeCheckpoint(decodeNote(note).text);
  if (checkpoint.origin !== origin) throw damaged(origin);
  return { checkpoint, note };
}

const damaged = (origin: string): WitnessError =>
  new WitnessError('state-damaged', `the stored checkpoint of ${origin} is damaged`);
