import { resolve } from 'node:path';
import { decodeEvidenceIndex, EvidenceError } from '@coffer/evidence';
import { readFleetFile } from '@coffer/host';
import type { FleetChanges } from '@coffer/operator';
import { CliError } from '../cli-error.js';
import { evidenceFolder } from '../evidence/evidence-source.js';
import { FleetFolder } from '../fleet/folder.js';

/** What a fleet's folder holds for the auditor. */
export interface FleetFiles {
  readonly fleet: NonNullable<FleetChanges['serve']>[number];
  /** Index and files of its evidence. */
  readonly evidence: readonly Uint8Array[];
}

/** Reads what `coffer fleet create` left in a folder. @throws CliError `usage`, `unavailable`; HostError `bad-config`. */
export function readFleetFiles(dir: string): FleetFiles {
  const folder = new FleetFolder(resolve(dir));
  const descriptor = readFleetFile(folder.descriptor);
  const { digest, read } = evidenceFolder(folder.evidence, undefined);
  const index = needed(read(digest), folder.evidence);
  const files = itemsOf(index, folder.evidence).map((item) => needed(read(item), folder.evidence));
  return { fleet: { descriptor, evidence: digest }, evidence: [index, ...files] };
}

function itemsOf(index: Uint8Array, folder: string): readonly Uint8Array[] {
  try {
    return decodeEvidenceIndex(index).items.map(({ digest }) => digest);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new CliError('usage', 'bad-evidence', `${folder} has an index that is none`, { cause });
  }
}

function needed(bytes: Uint8Array | undefined, folder: string): Uint8Array {
  if (bytes === undefined) throw new CliError('unavailable', 'no-evidence', `${folder} lacks a file of its index`);
  return bytes;
}
