import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import type { ConfigHash } from '@coffer/protocol';
import { fail } from '../errors.js';
import { decodeEvidenceIndex, type EvidenceIndex, type EvidenceItem } from '../index-file.js';
import { evidenceIndexBytesMax } from '../limits.js';
import type { Finding } from './evidence-report.js';

/** A file by its SHA-256; undefined when nobody has it. What it returns is checked. */
export type EvidenceReader = (digest: Uint8Array) => Uint8Array | undefined;

/** @throws EvidenceError `missing-index`, `changed-index`, `bad-index`, `other-fleet`. */
export function verifyIndex(
  read: EvidenceReader,
  digest: Uint8Array,
  expected: ConfigHash | undefined,
): Finding<EvidenceIndex> {
  const bytes = read(digest) ?? fail('missing-index', 'there is no index with this digest');
  if (bytes.length > evidenceIndexBytesMax || !equalBytes(sha256(bytes), digest)) {
    fail('changed-index', 'the index has another digest than the one that was asked for');
  }
  const index = decodeEvidenceIndex(bytes);
  if (expected !== undefined && !equalBytes(index.configHash, expected)) {
    fail('other-fleet', 'this evidence is about another fleet');
  }
  return {
    value: index,
    verdict: 'proven',
    why: `It has the digest that was asked for, and lists ${index.items.length} items.`,
  };
}

/** The items of an index with their files. */
export class EvidenceFiles {
  readonly #read: EvidenceReader;
  readonly #items: ReadonlyMap<string, EvidenceItem>;
  readonly #asked = new Set<string>();

  constructor({ items }: EvidenceIndex, read: EvidenceReader) {
    this.#items = new Map(items.map((item) => [`${item.kind}/${item.name}`, item]));
    this.#read = read;
  }

  /** @throws EvidenceError `missing-item` (`missing-member` for a member), `missing-file`, `changed-file`. */
  open(kind: string, name: string): Uint8Array {
    const place = `${kind}/${name}`;
    this.#asked.add(place);
    const item = this.#items.get(place);
    if (item === undefined) {
      return kind === 'member'
        ? fail('missing-member', 'the descriptor has this member, and nothing speaks of it')
        : fail('missing-item', 'every set has this item, and this one does not');
    }
    const bytes = this.#read(item.digest) ?? fail('missing-file', 'listed, and not there');
    if (bytes.length !== item.bytes || !equalBytes(sha256(bytes), item.digest)) {
      fail('changed-file', 'the file has another size or digest than the index says');
    }
    return bytes;
  }

  namesOf(kind: string): readonly string[] {
    return [...this.#items.values()].filter((item) => item.kind === kind).map(({ name }) => name);
  }

  /** Items that no check has asked for. */
  unasked(): readonly EvidenceItem[] {
    return [...this.#items].filter(([place]) => !this.#asked.has(place)).map(([, item]) => item);
  }
}
