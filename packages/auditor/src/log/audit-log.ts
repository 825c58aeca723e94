import { equalBytes } from '@coffer/base';
import {
  type ArtifactHistory,
  artifactDigest,
  decodeCheckpoint,
  decodeLeaf,
  decodeNote,
  emptyArtifactHistory,
  encodeCheckpoint,
  encodeNote,
  encodePlexiMessage,
  type Leaf,
  leafHash,
  type Note,
  type NoteSignature,
  type NoteSigner,
  openCheckpoint,
  signatureOf,
  signNote,
  stepArtifacts,
  type Tile,
  type TreeHead,
} from '@coffer/transparency';
import { AuditorError } from '../errors.js';
import type { GuardedStore } from '../store/guarded-store.js';
import { artifactName, type NamespaceNames } from '../store/names.js';
import { LogTiles } from './log-tiles.js';
import { decodeSignedRecord, encodeSignedRecord, type SignedRecord } from './signed-record.js';
import type { TrustRoots } from './trust-roots.js';

/** A checkpoint of this log. */
export interface Head {
  readonly size: number;
  readonly note: Note;
  /** The note's bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Everything durable about one namespace's epochs.
 *
 * The order of writes, and what a crash after each leaves:
 *
 * 1. artifact and evidence, by digest. Nobody refers to them yet.
 * 2. the epoch's record, unsigned: from here on only this message can be signed for the epoch. Then which epoch the
 *    digest is for; a start without it writes it again.
 * 3. the record with the signature, and only then the answer.
 * 4. the leaf. This is the moment in which the epoch is logged: leaves are never replaced, tiles and roots follow from
 *    them, and a start takes one leaf more than the newest checkpoint counts.
 * 5. tiles that became full. A start writes those that are missing.
 * 6. the head, signed by the log, before any witness sees it. A root for this size follows from the leaves alone, so
 *    that a second signing gives the same bytes.
 * 7. the checkpoint of the size with its earliest cosignatures, the head with its newest, and last the published one. Only
 *    when that is stored is any of the epoch shown.
 */
export class AuditLog {
  readonly #store: GuardedStore;
  readonly #names: NamespaceNames;
  readonly #roots: TrustRoots;
  readonly #tiles: LogTiles;
  #history: ArtifactHistory = emptyArtifactHistory;
  #newest: { readonly bytes: Uint8Array; readonly leaf: Leaf } | undefined;
  #head: Head | undefined;
  #published: Head | undefined;

  private constructor(store: GuardedStore, names: NamespaceNames, roots: TrustRoots) {
    this.#store = store;
    this.#names = names;
    this.#roots = roots;
    this.#tiles = new LogTiles(store, names.tile);
  }

  /**
   * Reads every leaf and artifact again and compares them with the tiles and with the checkpoints that were signed.
   * @throws AuditorError `log-truncated`, `log-forked`, `log-damaged`.
   */
  static open(store: GuardedStore, names: NamespaceNames, roots: TrustRoots): AuditLog {
    const log = new AuditLog(store, names, roots);
    log.#head = log.#readHead(names.head);
    log.#published = log.#readHead(names.published);
    log.#readLeaves();
    log.#checkRecords();
    return log;
  }

  /** Leaves. */
  get size(): number {
    return this.#tiles.size;
  }

  /** Leaves that everybody sees; undefined before the first checkpoint is published. */
  get publishedSize(): number | undefined {
    return this.#published?.size;
  }

  get history(): ArtifactHistory {
    return this.#history;
  }

  /** The last leaf. */
  get newest(): { readonly bytes: Uint8Array; readonly leaf: Leaf } | undefined {
    return this.#newest;
  }

  /** The newest checkpoint that was signed, published or not. */
  get head(): Head | undefined {
    return this.#head;
  }

  get published(): Head | undefined {
    return this.#published;
  }

  /** Bytes of a leaf, logged but perhaps not yet public. */
  leaf(epoch: number): Uint8Array | undefined {
    return epoch >= 1 && epoch <= this.size ? this.#store.read(this.#names.leaf(epoch)) : undefined;
  }

  record(epoch: number): SignedRecord | undefined {
    const bytes = this.#store.read(this.#names.record(epoch));
    return bytes === undefined ? undefined : decodeSignedRecord(bytes);
  }

  /** A tile as it is, also beyond what is published. */
  tile(tile: Tile): Uint8Array | undefined {
    return this.#tiles.read(tile);
  }

  prove(oldSize: number, size: number): readonly Uint8Array[] {
    return this.#tiles.prove(oldSize, size);
  }

  /** The checkpoint of a size with its earliest cosignatures. */
  checkpointAt(size: number): Uint8Array | undefined {
    return this.#store.read(this.#names.checkpoint(size));
  }

  putRecord(record: SignedRecord): void {
    this.#store.write(this.#names.record(record.message.epoch), encodeSignedRecord(record));
  }

  /** Logs the next leaf, with the history as it is after its artifact. */
  append(bytes: Uint8Array, leaf: Leaf, history: ArtifactHistory): void {
    this.#store.writeOnce(this.#names.leaf(leaf.epoch), bytes);
    this.#enter(bytes, leaf, history);
  }

  /** Signs a checkpoint of all leaves, unless the head is one by the same key. */
  seal(signer: NoteSigner): Head {
    const text = encodeCheckpoint({ origin: signer.name, size: this.size, root: this.#tiles.root() });
    if (this.#head?.note.text === text && signatureOf(this.#head.note, signer) !== undefined) return this.#head;
    const kept =
      this.#head?.note.text === text ? this.#head.note.signatures.filter((line) => !this.isOwnLine(line)) : [];
    return this.saveHead({ text, signatures: [signNote(text, signer), ...kept] });
  }

  /** Stores the head with other signature lines. */
  saveHead(note: Note): Head {
    const head = headOf(encodeNote(note));
    this.#store.write(this.#names.head, head.bytes);
    this.#head = head;
    return head;
  }

  saveCheckpointAt(size: number, note: Note): void {
    const bytes = encodeNote(note);
    const there = this.checkpointAt(size);
    if (there === undefined || !equalBytes(there, bytes)) this.#store.write(this.#names.checkpoint(size), bytes);
  }

  /** Shows the head to everybody. */
  publish(): void {
    const head = this.#head as Head;
    this.#store.write(this.#names.published, head.bytes);
    this.#published = head;
  }

  /** A line of the log itself, by whichever of its keys. */
  isOwnLine({ name, id }: NoteSignature): boolean {
    return this.#roots.signers.logs.some(({ key }) => key.name === name && equalBytes(key.id, id));
  }

  #readHead(name: string): Head | undefined {
    const bytes = this.#store.read(name);
    if (bytes === undefined) return undefined;
    try {
      const { signers, current } = this.#roots;
      const { note, checkpoint } = openCheckpoint(bytes, signers);
      const known = [...signers.logs, ...signers.witnesses].map(({ key }) => key);
      // Every line was put there by us, so that one of an unknown key is one that was changed.
      const isKnown = ({ name, id }: NoteSignature) => known.some((key) => key.name === name && equalBytes(key.id, id));
      if (checkpoint.origin === current.origin && note.signatures.every(isKnown)) return headOf(bytes);
    } catch (cause) {
      throw new AuditorError('log-damaged', `${name} is not a checkpoint of this log`, { cause });
    }
    throw new AuditorError('log-damaged', `${name} is not a checkpoint of this log`);
  }

  #readLeaves(): void {
    const [headSize, publishedSize] = [this.#head?.size ?? 0, this.#published?.size ?? 0];
    this.#compare();
    for (;;) {
      const bytes = this.#store.read(this.#names.leaf(this.size + 1));
      if (bytes === undefined) break;
      // At most one leaf is written before the checkpoint that counts it.
      if (this.#head === undefined || this.size > headSize)
        throw new AuditorError('log-damaged', 'more leaves than the newest checkpoint and one');
      this.#readLeaf(bytes);
      this.#compare();
    }
    if (this.size < Math.max(headSize, publishedSize))
      throw new AuditorError('log-truncated', `${this.size} leaves, and a checkpoint over ${headSize}`);
    if (publishedSize > headSize)
      throw new AuditorError('log-damaged', 'the published checkpoint is newer than the newest');
  }

  #readLeaf(bytes: Uint8Array): void {
    let leaf: Leaf;
    let history: ArtifactHistory;
    try {
      leaf = decodeLeaf(bytes);
      const artifact = this.#store.read(artifactName(leaf.digest));
      if (artifact === undefined) throw new AuditorError('log-damaged', 'an artifact is gone');
      if (!equalBytes(artifactDigest(artifact), leaf.digest))
        throw new AuditorError('log-damaged', 'an artifact was changed');
      history = stepArtifacts(this.#history, artifact).history;
    } catch (cause) {
      if (cause instanceof AuditorError) throw cause;
      throw new AuditorError('log-damaged', `leaf ${this.size + 1} is not one`, { cause });
    }
    const previous = this.#newest === undefined ? undefined : leafHash(this.#newest.bytes);
    const isNext = leaf.epoch === this.size + 1 && leaf.namespace === this.#roots.current.namespace;
    if (!isNext || !equalBytes(leaf.previous ?? new Uint8Array(0), previous ?? new Uint8Array(0)))
      throw new AuditorError('log-forked', `leaf ${this.size + 1} does not follow the one before`);
    this.#enter(bytes, leaf, history);
  }

  #enter(bytes: Uint8Array, leaf: Leaf, history: ArtifactHistory): void {
    this.#tiles.append(bytes);
    this.#history = history;
    this.#newest = { bytes, leaf };
  }

  /** Compares the tree as far as it is read with the checkpoints of that size. */
  #compare(): void {
    for (const head of [this.#head, this.#published]) {
      if (head?.size !== this.size) continue;
      if (!equalBytes(treeHeadOf(head).root, this.#tiles.root()))
        throw new AuditorError('log-forked', `another root was signed for ${head.size} leaves`);
    }
  }

  /** One epoch at most is signed and not logged; a leaf has the message that was recorded before it. */
  #checkRecords(): void {
    if (this.record(this.size + 2) !== undefined)
      throw new AuditorError('log-truncated', 'an epoch was signed beyond the next');
    if (this.#head === undefined && this.record(1) !== undefined)
      throw new AuditorError('log-damaged', 'an epoch was signed, and there is no checkpoint');
    const auditor = this.#newest?.leaf.auditor;
    if (auditor === undefined) return;
    const record = this.record(this.size);
    const isSame =
      record !== undefined &&
      equalBytes(encodePlexiMessage(record.message), auditor.message) &&
      equalBytes(record.key, auditor.key) &&
      equalBytes(record.signature ?? new Uint8Array(0), auditor.signature);
    if (!isSame) throw new AuditorError('log-damaged', 'the last leaf is not what was signed');
  }
}

const treeHeadOf = ({ note }: Head): TreeHead => decodeCheckpoint(note.text);

function headOf(bytes: Uint8Array): Head {
  const note = decodeNote(bytes);
  return { size: decodeCheckpoint(note.text).size, note, bytes };
}
