import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EvidenceSet, evidenceDigest } from '@coffer/evidence';
import { HostError, makeFolders, readFileIfAny, replaceFile } from '@coffer/host';

/** Evidence is public; its folder is this user's until it is published. */
const publicFileMode = 0o644;

/** Writes a set: every file under its SHA-256, and the index last, so that an index is never without its files. */
export function writeEvidence(folder: string, { index, files }: EvidenceSet): void {
  makeFolders(folder);
  for (const [name, bytes] of files) replaceFile(join(folder, name), bytes, publicFileMode);
  replaceFile(join(folder, 'index.json'), index, publicFileMode);
}

/** Reads back what {@link writeEvidence} wrote, unchecked. @throws HostError `file` when there is no set. */
export function readEvidence(folder: string): EvidenceSet {
  const index = readFileIfAny(join(folder, 'index.json'));
  if (index === undefined) throw new HostError('file', `there is no evidence in ${folder}`);
  const names = readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return { digest: evidenceDigest(index), index, files };
}
