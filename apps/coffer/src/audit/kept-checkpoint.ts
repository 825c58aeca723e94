import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { HostError, privateFolderMode, replaceFile, systemCode } from '@coffer/host';
import type { TrustRoot } from '@coffer/transparency';
import { defaultStateFolder } from '../device/place.js';

/** Where this user keeps the newest checkpoint of a log that was found to have nothing to doubt. */
export function checkpointFile({ origin, namespace }: TrustRoot): string {
  const name = hex(sha256(utf8(`${namespace}\n${origin}\n`))).slice(0, 32);
  return join(defaultStateFolder(), 'audits', `${name}.checkpoint`);
}

/** Writes a file durably, and its folder when that is not there. @throws HostError `file`. */
export function keep(file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: privateFolderMode });
  } catch (cause) {
    throw new HostError('file', `cannot make the folder of ${file} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
  replaceFile(file, bytes);
}
