import { compareBytes, hex, utf8 } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { ConfigHash } from '@coffer/protocol';
import { encodeCanonicalJson, JsonForm } from '@coffer/wire';
import { EvidenceError } from './errors.js';
import { evidenceFileBytesMax, evidenceIndexBytesMax, evidenceItemsMax } from './limits.js';

/** One file of a set. */
export interface EvidenceItem {
  /** `member`, `ceremony`, …; docs/spec/evidence.md §2. */
  readonly kind: string;
  /** Which one of its kind: a site, or a word of its own. */
  readonly name: string;
  /** SHA-256 of the file, 32 bytes. */
  readonly digest: Uint8Array;
  /** Its size. */
  readonly bytes: number;
}

/** The list of all that speaks of one fleet. Its SHA-256 is the *evidence digest* that artifacts and leaves name. */
export interface EvidenceIndex {
  readonly configHash: ConfigHash;
  /** Ascending by kind, then name; none twice. */
  readonly items: readonly EvidenceItem[];
}

/** What evidence items may be named. */
export const itemNamePattern = /^[a-z0-9][a-z0-9.-]{0,63}$/;
const kindPattern = /^[a-z][a-z-]{0,31}$/;
const form = new JsonForm((what, cause) => new EvidenceError('bad-index', what, { cause }));

/** Canonical JSON; sorts. @throws EvidenceError `bad-index`. */
export function encodeEvidenceIndex({ configHash, items }: EvidenceIndex): Uint8Array {
  const sorted = [...items].sort((a, b) => compareBytes(placeOf(a), placeOf(b)));
  const bytes = encodeCanonicalJson({
    v: 1,
    configHash: hex(configHash),
    items: sorted.map(({ kind, name, digest, bytes }) => ({ kind, name, digest: hex(digest), bytes })),
  });
  decodeEvidenceIndex(bytes);
  return bytes;
}

/** @throws EvidenceError `bad-index`. */
export function decodeEvidenceIndex(bytes: Uint8Array): EvidenceIndex {
  const top = form.object(form.parse(bytes, evidenceIndexBytesMax), ['v', 'configHash', 'items']);
  if (top.v !== 1) form.fail('version');
  const items = form.list(top.items, evidenceItemsMax).map((json): EvidenceItem => {
    const fields = form.object(json, ['kind', 'name', 'digest', 'bytes']);
    return {
      kind: form.text(fields.kind, kindPattern),
      name: form.text(fields.name, itemNamePattern),
      digest: form.hexBytes(fields.digest, 32),
      bytes: form.integer(fields.bytes, 1, evidenceFileBytesMax),
    };
  });
  for (let i = 1; i < items.length; i++) {
    if (compareBytes(placeOf(items[i - 1] as EvidenceItem), placeOf(items[i] as EvidenceItem)) >= 0) {
      form.fail('items out of order, or one twice');
    }
  }
  return { configHash: form.hexBytes(top.configHash, 32) as ConfigHash, items };
}

/** SHA-256 of an index file. */
export const evidenceDigest = (index: Uint8Array): Uint8Array => sha256(index);

/** A whole set: what is written to a folder or sent to an auditor. */
export interface EvidenceSet {
  readonly digest: Uint8Array;
  readonly index: Uint8Array;
  /** Files by the SHA-256 of their bytes in hexadecimal, without the index. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Makes the index of files. @throws EvidenceError `bad-index`. */
export function assembleEvidence(
  configHash: ConfigHash,
  parts: readonly { readonly kind: string; readonly name: string; readonly bytes: Uint8Array }[],
): EvidenceSet {
  const items = parts.map(({ kind, name, bytes }) => ({ kind, name, digest: sha256(bytes), bytes: bytes.length }));
  const index = encodeEvidenceIndex({ configHash, items });
  const files = new Map(parts.map(({ bytes }, i) => [hex((items[i] as EvidenceItem).digest), bytes]));
  return { digest: evidenceDigest(index), index, files };
}

const placeOf = ({ kind, name }: EvidenceItem): Uint8Array => utf8(`${kind}\0${name}`);
