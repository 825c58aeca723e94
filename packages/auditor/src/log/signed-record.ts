import { fromHex, hex } from '@coffer/base';
import { decodePlexiMessage, encodePlexiMessage, type PlexiMessage } from '@coffer/transparency';
import { decodeCanonicalJson, encodeCanonicalJson } from '@coffer/wire';
import { z } from 'zod';
import { AuditorError } from '../errors.js';
import { recordBytesMax } from '../limits.js';

/**
 * What the auditor says about one epoch. It is stored before it is signed, and never with another message: whatever
 * crash comes between, there is one message, hence one digest, for an epoch.
 */
export interface SignedRecord {
  readonly message: PlexiMessage;
  /** Of the auditor. */
  readonly key: Uint8Array;
  /** Absent while it is not known that anything was signed. */
  readonly signature?: Uint8Array;
}

const recordSchema = z.strictObject({
  v: z.literal(1),
  msg: z.string().regex(/^([0-9a-f]{2})+$/),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  sig: z
    .string()
    .regex(/^[0-9a-f]{128}$/)
    .nullable(),
});

export function encodeSignedRecord({ message, key, signature }: SignedRecord): Uint8Array {
  const sig = signature === undefined ? null : hex(signature);
  return encodeCanonicalJson({ v: 1, msg: hex(encodePlexiMessage(message)), key: hex(key), sig });
}

/** @throws AuditorError `log-damaged` for anything that {@link encodeSignedRecord} did not write. */
export function decodeSignedRecord(bytes: Uint8Array): SignedRecord {
  try {
    const { msg, key, sig } = recordSchema.parse(decodeCanonicalJson(bytes, recordBytesMax));
    const record = { message: decodePlexiMessage(fromHex(msg)), key: fromHex(key) };
    return sig === null ? record : { ...record, signature: fromHex(sig) };
  } catch (cause) {
    throw new AuditorError('log-damaged', 'not a record of a signed epoch', { cause });
  }
}
