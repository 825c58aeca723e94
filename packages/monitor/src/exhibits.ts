import { equalBytes } from '@coffer/base';
import { decodeEntryBundle, tileWidth, tileWidthIn } from '@coffer/transparency';
import {
  type KnownCheckpoint,
  loggedLeaf,
  openBundleLeaf,
  openEarlier,
  unlogged,
  verifyBundleAuditor,
  verifyOneHistory,
} from './cross-checks.js';
import { DoubtError, type Doubts, orDoubt } from './doubt.js';
import { openLeaf } from './epoch-checks.js';
import { Published } from './published.js';
import type { RootChain } from './root-chain.js';
import type { AuditSource } from './source.js';

/** What somebody has from elsewhere, and what the log is held against. */
export interface Exhibits {
  /** Checkpoints that it showed before, to whomever: bytes of notes. */
  readonly checkpoints?: readonly Uint8Array[];
  /** Validation bundles that were handed out: bytes of `encodeBundle`. */
  readonly bundles?: readonly Uint8Array[];
}

/** The log as this pass has found it. */
export interface FoundLog {
  readonly published: Published;
  readonly roots: RootChain;
  readonly known: KnownCheckpoint;
}

/** Holds what somebody has from elsewhere, and what others show as the same log, against the log. What differs is kept in `doubts`. */
export async function compareExhibits(
  log: FoundLog,
  { checkpoints = [], bundles = [] }: Exhibits,
  others: readonly AuditSource[],
  doubts: Doubts,
): Promise<void> {
  const { published, roots, known } = log;
  const root = roots.newest;
  for (const note of checkpoints) {
    const shown = await doubts.keep(undefined, () => openShown(note, roots));
    if (shown !== undefined) await doubts.keep(undefined, () => verifyGrown(log, shown));
  }
  for (const other of others) {
    await doubts.keep(undefined, async () => {
      const elsewhere = new Published(other, root.namespace);
      const shown = openShown(await elsewhere.checkpoint(), roots);
      await verifyOneHistory([known, shown], shown.size > known.size ? elsewhere : published, root);
    });
  }
  for (const bundle of bundles) await doubts.keep(undefined, () => compareBundle(log, bundle));
}

/** A checkpoint that was shown at another time or place. @throws DoubtError `checkpoint`, `key-revoked`. */
function openShown(note: Uint8Array, roots: RootChain): KnownCheckpoint {
  const opened = openEarlier(note, roots.all);
  verifyLogKeys(opened, roots);
  return opened;
}

/** Whoever stole a revoked key can sign any tree. It accuses nobody. @throws DoubtError `key-revoked`. */
export function verifyLogKeys({ logs, size }: KnownCheckpoint, roots: RootChain): void {
  for (const { key } of logs) {
    orDoubt('key-revoked', 'a checkpoint is signed by a log key that was revoked before', () =>
      roots.verifyInForce(key, size),
    );
  }
}

/**
 * A log only grows: from a checkpoint that it showed at another time. One that is larger than all that is there now is a rollback.
 * @throws DoubtError `split-view`, `rollback`, `tile`, `missing`.
 */
export async function verifyGrown({ published, roots, known }: FoundLog, shown: KnownCheckpoint): Promise<void> {
  try {
    await verifyOneHistory([known, shown], published, roots.newest);
  } catch (cause) {
    // The tiles of the larger tree are gone with it.
    const isGone = cause instanceof DoubtError && (cause.code === 'missing' || cause.code === 'tile');
    if (!isGone || shown.size <= known.size) throw cause;
  }
  if (shown.size > known.size)
    throw new DoubtError('rollback', `it has signed a tree of ${shown.size} leaves, and shows one of ${known.size}`);
}

async function compareBundle({ published, roots, known }: FoundLog, bundle: Uint8Array): Promise<void> {
  const root = roots.newest;
  const signed = openBundleLeaf(bundle, root.namespace);
  const { epoch, bytes } = signed;
  const entry = epoch > known.size ? undefined : await loggedEntry(published, epoch, known.size);
  if (entry !== undefined && equalBytes(entry, bytes)) return;
  verifyBundleAuditor(signed, roots);
  if (entry === undefined) throw unlogged(bytes, { checkpoint: known.note }, root);
  if (hasMessage(entry, signed.leaf.auditor.message)) return;
  throw unlogged(bytes, await loggedLeaf(published, epoch, known, entry), root);
}

async function loggedEntry(published: Published, epoch: number, size: number): Promise<Uint8Array> {
  const index = Math.floor((epoch - 1) / tileWidth);
  const width = tileWidthIn(size, 'entries', index);
  const tile = await published.tile({ level: 'entries', index, width });
  const entries = orDoubt('tile', 'the entries are not there', () => decodeEntryBundle(tile, width));
  return entries[(epoch - 1) % tileWidth] as Uint8Array;
}

/** Whether the entry holds this statement of the auditor. One that is no leaf is something else than was signed. */
function hasMessage(entry: Uint8Array, message: Uint8Array): boolean {
  try {
    return equalBytes(openLeaf(entry).auditor.message, message);
  } catch (error) {
    if (error instanceof DoubtError) return false;
    throw error;
  }
}
