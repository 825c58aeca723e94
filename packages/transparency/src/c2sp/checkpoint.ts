import { base64, fromBase64 } from '@coffer/base';
import { TransparencyError } from '../errors.js';
import { hashBytes } from '../log/hashing.js';
import { isTreeSize, type TreeHead } from '../log/proofs.js';
import { isKeyName } from './note-key.js';

/** A tree head of one log (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
  /** Names the log; here also the name of its key. */
  readonly origin: string;
}

/** Decimal without leading zeros, at most what a log may hold; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const size = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : undefined;
  return size !== undefined && isTreeSize(size) ? size : undefined;
}

/** A base64 line of one SHA-256 hash; undefined for anything else. */
export function parseHash(text: string): Uint8Array | undefined {
  try {
    const hash = fromBase64(text);
    return hash.length === hashBytes ? hash : undefined;
  } catch {
    return undefined;
  }
}

/** The note text `origin\nsize\nbase64(root)\n`. @throws TransparencyError `bad-checkpoint`. */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin) || !isTreeSize(size) || root.length !== hashBytes)
    throw new TransparencyError('bad-checkpoint', 'not a checkpoint');
  return `${origin}\n${size}\n${base64(root)}\n`;
}

/**
 * The checkpoint of a note text. Extension lines are refused: monitors cannot audit them, and a log could tell different
 * clients different things in them.
 * @throws TransparencyError `bad-checkpoint`.
 */
export function decodeCheckpoint(text: string): Checkpoint {
  const [origin, sizeText, rootText, end, ...more] = text.split('\n');
  const size = parseSize(sizeText ?? '');
  const root = parseHash(rootText ?? '');
  if (origin === undefined || !isKeyName(origin) || size === undefined || root === undefined)
    throw new TransparencyError('bad-checkpoint', 'not a checkpoint');
  if (end !== '' || more.length > 0) throw new TransparencyError('bad-checkpoint', 'extension lines');
  return { origin, size, root };
}
