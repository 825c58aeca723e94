import { dirname, join } from 'node:path';
import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { makeFolders, readFileIfAny, replaceFile } from '@coffer/host';
import { decodeCheckpoint, decodeNote, TransparencyError, type TrustRoot } from '@coffer/transparency';
import { CliError } from '../cli-error.js';
import { defaultStateFolder } from '../device/place.js';

/** Where this user keeps the newest checkpoint of a log that was found to have nothing to doubt. */
export function checkpointFile({ origin, namespace }: TrustRoot): string {
  const name = hex(sha256(utf8(`${namespace}\n${origin}\n`))).slice(0, 32);
  return join(defaultStateFolder(), 'audits', `${name}.checkpoint`);
}

/**
 * The checkpoint that is kept in a file; undefined when there is no file yet.
 * @throws CliError `usage` when it holds anything else: it will be overwritten, and a key may have been named by mistake.
 */
export function keptCheckpoint(file: string, { origin }: Pick<TrustRoot, 'origin'>): Uint8Array | undefined {
  const bytes = readFileIfAny(file);
  if (bytes === undefined || originOf(bytes) === origin) return bytes;
  throw new CliError('usage', 'bad-state', `${file} is no checkpoint of ${origin}; it is left as it is`);
}

function originOf(note: Uint8Array): string | undefined {
  try {
    return decodeCheckpoint(decodeNote(note).text).origin;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    return undefined;
  }
}

/** Writes a file durably, and its folder when that is not there. @throws HostError `file`. */
export function keep(file: string, bytes: Uint8Array): void {
  makeFolders(dirname(file));
  replaceFile(file, bytes);
}
