import { decodeCheckpoint } from '../c2sp/checkpoint.js';
import { decodeNote } from '../c2sp/note.js';
import { decodeProofFile } from '../c2sp/proof-file.js';
import { decodeLeaf } from '../keys/leaf.js';
import { decodeBundle } from './bundle.js';

/** What a bundle claims about itself. Nothing of it is verified: it says what to fetch next, never what to believe. */
export interface BundleSummary {
  readonly namespace: string;
  readonly epoch: number;
  /** The root that a client needs before it can verify the bundle. */
  readonly trustRootVersion: number;
  readonly origin: string;
  /** Of the log. */
  readonly size: number;
}

/** @throws TransparencyError for what is out of form. */
export function summarizeBundle(bytes: Uint8Array): BundleSummary {
  const bundle = decodeBundle(bytes);
  const { namespace, epoch, trustRootVersion } = decodeLeaf(bundle.leaf);
  const { origin, size } = decodeCheckpoint(decodeNote(decodeProofFile(bundle.proof).checkpoint).text);
  return { namespace, epoch, trustRootVersion, origin, size };
}
