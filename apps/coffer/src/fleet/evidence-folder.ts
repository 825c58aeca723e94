import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '@coffer/base';
import type { EvidenceSet } from '@coffer/evidence';
import { privateFolderMode, readFileIfAny, replaceFile } from '@coffer/host';

/** Evidence is public; its folder is this user's until it is published. */
const publicFileMode = 0o644;

/** Writes a set: every file under its SHA-256, and the index last, so that an index is never without its files. */
export function writeEvidence(folder: string, { index, files }: EvidenceSet): void {
  mkdirSync(folder, { recursive: true, mode: privateFolderMode });
  for (const [name, bytes] of files) replaceFile(join(folder, name), bytes, publicFileMode);
  replaceFile(join(folder, 'index.json'), index, publicFileMode);
}

/** Reads files of a set by their digests. */
export function evidenceReader(folder: string): (digest: Uint8Array) => Uint8Array | undefined {
  return (digest) => readFileIfAny(join(folder, hex(digest)));
}
