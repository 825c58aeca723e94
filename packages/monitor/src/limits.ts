import { entryBytesMax, tileWidth } from '@coffer/transparency';

/** Every size, count and time of an audit. */

/** A tile of hashes. */
export const tileBytesMax = tileWidth * 32;
/** A bundle of entries. */
export const entriesBytesMax = tileWidth * (2 + entryBytesMax);
/** A JSON answer of the Plexi calls. */
export const plexiBytesMax = 65_536;
/** One evidence file: what an auditor takes (docs/spec/evidence.md). */
export const evidenceFileBytesMax = 1_048_576;
/** Evidence files of one fleet, which are held at once: an index and its 128 items. */
export const evidenceFilesMax = 129;
/** Doubts that one audit lists: one lie can be told about every epoch. All are counted. */
export const doubtsMax = 100;
/** Epochs whose files are fetched ahead of the one that is being checked. */
export const epochsAheadMax = 16;
/** How long one answer may take, in milliseconds. */
export const answerMsDefault = 30_000;
