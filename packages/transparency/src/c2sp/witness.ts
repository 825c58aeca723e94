import { base64, concat, equalBytes, utf8, utf8Text } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { noteBytesMax, proofHashesMax } from '../limits.js';
import { emptyTreeRoot } from '../log/hashing.js';
import { isTreeSize, verifyConsistency } from '../log/proofs.js';
import { type Checkpoint, decodeCheckpoint, parseHash, parseSize } from './checkpoint.js';
import { decodeNote } from './note.js';
import type { PolicyLog } from './policy.js';
import { verifyLogSignature } from './signed-checkpoint.js';

/** Body of `POST add-checkpoint` (C2SP tlog-witness). */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness cosigned last, 0 for none. */
  readonly oldSize: number;
  /** Consistency proof from there; at most 63 hashes. */
  readonly hashes: readonly Uint8Array[];
  /** Bytes of the signed note. */
  readonly checkpoint: Uint8Array;
}

/** Largest body of an add-checkpoint request. */
export const addCheckpointBytesMax = 32 + 45 * proofHashesMax + noteBytesMax;

/** @throws TransparencyError `bad-request` for values out of range. */
export function encodeAddCheckpoint({ oldSize, hashes, checkpoint }: AddCheckpoint): Uint8Array {
  if (!isTreeSize(oldSize) || hashes.length > proofHashesMax) fail();
  return concat(utf8([`old ${oldSize}`, ...hashes.map(base64), '', ''].join('\n')), checkpoint);
}

/** @throws TransparencyError `bad-request`. */
export function decodeAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  if (bytes.length > addCheckpointBytesMax) fail();
  let text: string;
  try {
    text = utf8Text(bytes);
  } catch (cause) {
    throw new TransparencyError('bad-request', 'not UTF-8', { cause });
  }
  const end = text.indexOf('\n\n');
  if (end < 0) fail();
  const [first, ...lines] = text.slice(0, end).split('\n');
  const oldSize = first?.startsWith('old ') ? parseSize(first.slice(4)) : undefined;
  if (oldSize === undefined || lines.length > proofHashesMax) return fail();
  return { oldSize, hashes: lines.map((line) => parseHash(line) ?? fail()), checkpoint: utf8(text.slice(end + 2)) };
}

/** Body of a 409: the size that the witness cosigned last. */
export const encodeConflict = (size: number): Uint8Array => utf8(`${size}\n`);

/** @throws TransparencyError `bad-request`. */
export function decodeConflict(bytes: Uint8Array): number {
  const text = bytes.length <= 20 && bytes.every((byte) => byte < 0x80) ? utf8Text(bytes) : '';
  return (text.endsWith('\n') ? parseSize(text.slice(0, -1)) : undefined) ?? fail();
}

/** What a witness answers. `text` of a 200 is what to cosign, after `latest` has been persisted. */
export type WitnessAnswer =
  | { readonly status: 200; readonly latest: Checkpoint; readonly text: string }
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 404 | 422 };

/**
 * Decides about one request (tlog-witness, add-checkpoint). Whoever calls it persists `latest` before it signs anything,
 * and lets no second request for the log in between: two answers from one state could put the log back.
 * @param body - as received.
 * @param logs - those that the witness watches.
 * @param latestOf - the checkpoint last cosigned for an origin.
 */
export function stepWitness(
  body: Uint8Array,
  logs: readonly PolicyLog[],
  latestOf: (origin: string) => Checkpoint | undefined,
): WitnessAnswer {
  try {
    const request = decodeAddCheckpoint(body);
    const note = decodeNote(request.checkpoint);
    const next = decodeCheckpoint(note.text);
    if (!logs.some(({ key }) => key.name === next.origin)) return { status: 404 };
    verifyLogSignature(note, next.origin, logs);
    if (request.oldSize > next.size) return { status: 400 };
    const latest = latestOf(next.origin);
    const size = latest?.size ?? 0;
    if (request.oldSize !== size) return { status: 409, size };
    if (latest?.size === next.size && !equalBytes(latest.root, next.root)) return { status: 409, size };
    if (latest === undefined || size === 0) {
      // Whatever follows an empty tree is consistent with it, but an empty tree has only one root.
      const isRoot = next.size > 0 || equalBytes(next.root, emptyTreeRoot());
      if (request.hashes.length > 0 || !isRoot) return { status: 422 };
    } else {
      verifyConsistency(latest, next, request.hashes);
    }
    return { status: 200, latest: next, text: note.text };
  } catch (error) {
    if (!(error instanceof TransparencyError)) throw error;
    return { status: error.code === 'inconsistent' ? 422 : error.code === 'bad-log-signature' ? 403 : 400 };
  }
}

function fail(): never {
  throw new TransparencyError('bad-request', 'not an add-checkpoint message');
}
