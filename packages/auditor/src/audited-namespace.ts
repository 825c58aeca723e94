import { type Clock, equalBytes, utf8 } from '@coffer/base';
import { isEd25519Signature } from '@coffer/crypto';
import {
  artifactDigest,
  decodeArtifact,
  decodeLeaf,
  encodeLeaf,
  encodePlexiMessage,
  type FleetArtifact,
  type Leaf,
  leafHash,
  type NoteSigner,
  type PlexiAnswer,
  plexiKeyId,
  signPlexiMessage,
  TransparencyError,
} from '@coffer/transparency';
import {
  checkEvidence,
  historyWith,
  openArtifact,
  verifyOperatorInForce,
  verifyRequestSignature,
} from './artifact-checks.js';
import { AuditorError } from './errors.js';
import type { AuditBody, CountersignatureBody } from './http/bodies.js';
import { isInForce, verifyLeaf, verifyLeafSignatures } from './leaf-checks.js';
import { AuditLog } from './log/audit-log.js';
import type { SignedRecord } from './log/signed-record.js';
import { TrustRoots } from './log/trust-roots.js';
import { LogPublisher } from './log-publisher.js';
import { NamespaceView, plexiAnswerOf } from './namespace-view.js';
import type { AuditorEvent, EvidenceCheck, Witnesses } from './ports.js';
import { type AuditorKey, keyFor, logSignerFor } from './signing-keys.js';
import type { GuardedStore } from './store/guarded-store.js';
import { artifactName, digestName, evidenceName, NamespaceNames } from './store/names.js';
import type { Turns } from './turns.js';

export interface AuditedNamespaceOptions {
  /** Bytes of the first trust root. */
  readonly trustRoot: Uint8Array;
  readonly logSigners: readonly NoteSigner[];
  readonly isDisabled: boolean;
  readonly auditorKeys: readonly AuditorKey[];
  readonly store: GuardedStore;
  readonly evidence: EvidenceCheck;
  readonly witnesses: Witnesses;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly onEvent: (event: AuditorEvent) => void;
}

/** An answer, and whether the request did something that had not been done before. */
export interface Done<T> {
  readonly value: T;
  readonly isNew: boolean;
}

/** What is said when an epoch is logged. */
export interface LoggedEpochAnswer {
  readonly epoch: number;
  readonly leafHash: Uint8Array;
  /** Of the log that the leaf completes. */
  readonly size: number;
}

/**
 * One namespace: what is asked of it, one request after another, so that no two of them see the same state.
 * docs/spec/transparency.md has the checks; {@link AuditLog} the order of writes.
 */
export class AuditedNamespace {
  readonly name: string;
  readonly view: NamespaceView;
  readonly roots: TrustRoots;
  readonly #options: AuditedNamespaceOptions;
  readonly #log: AuditLog;
  readonly #publisher: LogPublisher;

  private constructor(options: AuditedNamespaceOptions, roots: TrustRoots, log: AuditLog) {
    this.#options = options;
    this.roots = roots;
    this.#log = log;
    this.name = roots.current.namespace;
    this.view = new NamespaceView(this.name, log, options.isDisabled);
    this.#publisher = new LogPublisher({ ...options, namespace: this.name, log, roots });
  }

  /**
   * Reads and checks everything that is stored, and finishes what a crash interrupted.
   * @param namespace - of the trust root.
   * @throws AuditorError `log-truncated`, `log-forked`, `log-damaged`, `bad-config`, `no-signing-key`, `halted`.
   */
  static open(namespace: string, options: AuditedNamespaceOptions): AuditedNamespace {
    const names = new NamespaceNames(namespace);
    const roots = TrustRoots.open(options.store, names, options.trustRoot);
    const log = AuditLog.open(options.store, names, roots);
    const opened = new AuditedNamespace(options, roots, log);
    opened.#finish(names);
    return opened;
  }

  get isDisabled(): boolean {
    return this.#options.isDisabled;
  }

  /**
   * Audits an artifact and signs it for its epoch, once.
   * @throws AuditorError as the checks say.
   */
  postAudit(body: AuditBody): Promise<Done<PlexiAnswer>> {
    return this.#inTurn(async () => {
      const root = this.roots.current;
      verifyRequestSignature(body, root);
      const artifact = openArtifact(body.artifact, root);
      verifyOperatorInForce(root, body.key, artifact.epoch);
      const known = this.#knownAnswer(artifact.epoch, artifactDigest(body.artifact));
      if (known !== undefined) return { value: known, isNew: false };
      return { value: await this.#audit(artifact, body), isNew: true };
    });
  }

  /**
   * Logs a signed epoch under the operator's counter-signature, and publishes it.
   * @throws AuditorError as the checks say; after `no-witness-quorum` the epoch is logged, and the same request may be
   *   repeated until it is published.
   */
  postCountersignature(epoch: number, body: CountersignatureBody): Promise<Done<LoggedEpochAnswer>> {
    return this.#inTurn(async () => {
      const isNew = epoch > this.#log.size;
      const bytes = isNew ? this.#append(epoch, body) : this.#loggedAs(epoch, body);
      if ((this.#log.publishedSize ?? 0) < epoch) await this.#publisher.round();
      if ((this.#log.publishedSize ?? 0) < epoch)
        throw new AuditorError('no-witness-quorum', 'logged, and to be published when enough witnesses answer');
      return { value: { epoch, leafHash: leafHash(bytes), size: epoch }, isNew };
    });
  }

  /** Takes the next trust root. @throws AuditorError as `TrustRoots.accept`. */
  postTrustRoot(bytes: Uint8Array): Promise<Done<number>> {
    return this.#inTurn(async () => {
      const isNew = this.roots.accept(bytes);
      const { version } = this.roots.current;
      if (isNew) this.#options.onEvent({ type: 'trust-root', namespace: this.name, version });
      return { value: version, isNew };
    });
  }

  /** Has the newest checkpoint cosigned again. @returns whether a quorum answered. */
  refresh(): Promise<boolean> {
    return this.#inTurn(() => this.#publisher.round());
  }

  /** Also what could be answered without a write is not: after one that failed nobody knows what is stored. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const { turns, store } = this.#options;
    return turns.run(() => {
      store.verifyUsable();
      return task();
    });
  }

  /** What was answered for this epoch before, if it was for this artifact. */
  #knownAnswer(epoch: number, digest: Uint8Array): PlexiAnswer | undefined {
    if (epoch <= this.#log.size) {
      const { leaf } = this.#leafAt(epoch);
      if (!equalBytes(leaf.digest, digest)) throw otherArtifact();
      return plexiAnswerOf(leaf);
    }
    const record = epoch === this.#log.size + 1 ? this.#log.record(epoch) : undefined;
    if (record === undefined) return undefined;
    if (!equalBytes(record.message.digest, digest)) throw otherArtifact();
    return this.#sign(record);
  }

  /** Every check, then every write, then the signature. */
  async #audit(artifact: FleetArtifact, { artifact: bytes, evidence }: AuditBody): Promise<PlexiAnswer> {
    const { store, clock, auditorKeys, evidence: check, onEvent } = this.#options;
    historyWith(this.#log.history, bytes);
    const digest = artifactDigest(bytes);
    if (store.read(digestName(digest)) !== undefined)
      throw new AuditorError('digest-reused', 'signed before, in a history that this log does not have');
    const { publicKey } = keyFor(auditorKeys, this.roots.current, artifact.epoch);
    const { files } = await checkEvidence(
      artifact,
      this.#newestArtifact(),
      evidence,
      (file) => store.read(evidenceName(file)),
      check,
      this.roots.current,
      (failures) => onEvent({ type: 'evidence-failed', namespace: this.name, failures }),
    );
    // Last, because it takes the longest: whoever remembers more of this log than it does itself speaks up here.
    await this.#publisher.makeReady();

    for (const file of files) store.writeOnce(evidenceName(file.digest), file.bytes);
    store.writeOnce(artifactName(digest), bytes);
    const message = {
      suite: 1,
      namespace: this.name,
      // Times never go down from one epoch to the next, though a clock may.
      timestampMs: Math.max(clock.nowMs(), this.#newestTimestampMs()),
      epoch: artifact.epoch,
      digest,
    } as const;
    const record: SignedRecord = { message, key: publicKey };
    this.#log.putRecord(record);
    this.#putDigest(record);
    return this.#sign(record);
  }

  /**
   * The auditor's answer for a record. A signature by a key that has been revoked since could never be logged, and the
   * log would stand still; so the same message is then signed by the key that is in force.
   */
  #sign(record: SignedRecord): PlexiAnswer {
    const { auditorKeys, onEvent } = this.#options;
    const { message } = record;
    const root = this.roots.current;
    const isListed = root.auditors.some((key) => equalBytes(key, record.key));
    const isGood = isListed && isInForce(root, record.key, message.epoch);
    if (isGood && record.signature !== undefined)
      return { message, signature: record.signature, keyId: plexiKeyId(record.key) };
    const { seed, publicKey } = keyFor(auditorKeys, root, message.epoch);
    const signature = signPlexiMessage(message, seed);
    this.#log.putRecord({ message, key: publicKey, signature });
    onEvent({ type: 'signed', namespace: this.name, epoch: message.epoch });
    return { message, signature, keyId: plexiKeyId(publicKey) };
  }

  /** Logs the next epoch. @returns the leaf. */
  #append(epoch: number, body: CountersignatureBody): Uint8Array {
    const { clock, logSigners, onEvent } = this.#options;
    const record = epoch === this.#log.size + 1 ? this.#log.record(epoch) : undefined;
    if (record?.signature === undefined) throw new AuditorError('not-signed', 'nothing was signed for this epoch');
    const artifactBytes = this.#artifact(record.message.digest);
    const leaf = this.#leafOf(record, record.signature, decodeArtifact(artifactBytes), body);
    const root = this.roots.current;
    verifyLeaf(leaf, root, clock.nowMs());
    // Without one there would be a leaf and no checkpoint over it.
    logSignerFor(logSigners, root, epoch);
    const bytes = encodeLeaf(leaf);
    this.#log.append(bytes, leaf, historyWith(this.#log.history, artifactBytes));
    onEvent({ type: 'logged', namespace: this.name, epoch });
    return bytes;
  }

  #leafOf(
    { message, key }: SignedRecord,
    signature: Uint8Array,
    artifact: FleetArtifact,
    body: CountersignatureBody,
  ): Leaf {
    const before = this.#log.newest;
    return {
      namespace: this.name,
      epoch: message.epoch,
      digest: message.digest,
      auditor: { message: encodePlexiMessage(message), key, signature },
      operator: { key: body.key, signatures: { compatible: body.compatible, full: body.full } },
      evidence: artifact.fleets.map((fleet) => fleet.evidence),
      ...(before === undefined ? {} : { previous: leafHash(before.bytes) }),
      notAfterMs: body.notAfterMs,
      trustRootVersion: body.trustRootVersion,
    };
  }

  /** The leaf of a logged epoch, if this is what it was logged under. */
  #loggedAs(epoch: number, body: CountersignatureBody): Uint8Array {
    const { leaf, bytes } = this.#leafAt(epoch);
    const { key, signatures } = leaf.operator;
    const isSame =
      equalBytes(key, body.key) &&
      equalBytes(signatures.compatible, body.compatible) &&
      equalBytes(signatures.full, body.full) &&
      leaf.notAfterMs === body.notAfterMs &&
      leaf.trustRootVersion === body.trustRootVersion;
    if (!isSame) throw new AuditorError('already-logged', 'logged under another counter-signature');
    return bytes;
  }

  #leafAt(epoch: number): { readonly leaf: Leaf; readonly bytes: Uint8Array } {
    const bytes = this.#log.leaf(epoch);
    if (bytes === undefined) throw new AuditorError('log-damaged', 'a leaf is gone');
    return { leaf: decodeLeaf(bytes), bytes };
  }

  #artifact(digest: Uint8Array): Uint8Array {
    const bytes = this.#options.store.read(artifactName(digest));
    if (bytes === undefined) throw new AuditorError('log-damaged', 'an artifact is gone');
    return bytes;
  }

  #newestArtifact(): FleetArtifact | undefined {
    const { newest } = this.#log;
    return newest === undefined ? undefined : decodeArtifact(this.#artifact(newest.leaf.digest));
  }

  #newestTimestampMs(): number {
    const record = this.#log.size === 0 ? undefined : this.#log.record(this.#log.size);
    return record?.message.timestampMs ?? 0;
  }

  #putDigest({ message }: SignedRecord): void {
    this.#options.store.writeOnce(digestName(message.digest), utf8(`${this.name} ${message.epoch}\n`));
  }

  /** What a crash may have left undone; see {@link AuditLog}. */
  #finish(names: NamespaceNames): void {
    const pending = this.#log.record(this.#log.size + 1);
    if (pending !== undefined) {
      this.#verifyPending(pending);
      this.#putDigest(pending);
    }
    this.#renew(names, pending);
    const { newest, head, size } = this.#log;
    if (newest !== undefined && size > (head?.size ?? 0)) this.#verifyUncounted(newest.leaf);
    if (head === undefined || size > head.size)
      this.#log.seal(logSignerFor(this.#options.logSigners, this.roots.current, size));
  }

  /**
   * Stores once more whatever may have been the last write of a process that was killed: it is seen, but a power cut could
   * still take it back after this process has answered for it. Evidence is stored again when it is posted again.
   */
  #renew(names: NamespaceNames, pending: SignedRecord | undefined): void {
    const { store } = this.#options;
    const { size, newest } = this.#log;
    const digests = [pending?.message.digest, newest?.leaf.digest].filter((digest) => digest !== undefined);
    const last = [
      names.trustRoot(this.roots.current.version),
      ...digests.flatMap((digest) => [artifactName(digest), digestName(digest)]),
      ...(pending === undefined ? [] : [names.record(size + 1)]),
      ...(size === 0 ? [] : [names.record(size), names.leaf(size)]),
      names.head,
      names.checkpoint(this.#log.head?.size ?? 0),
      names.published,
    ];
    for (const name of last) store.renew(name);
  }

  #verifyPending({ message, key, signature }: SignedRecord): void {
    const { digest, namespace, epoch } = message;
    const isNext = namespace === this.name && epoch === this.#log.size + 1;
    if (!isNext || !equalBytes(artifactDigest(this.#artifact(digest)), digest))
      throw new AuditorError('log-damaged', 'the epoch that waits is not the next one');
    if (signature !== undefined && !isEd25519Signature(key, encodePlexiMessage(message), signature))
      throw new AuditorError('log-damaged', 'the epoch that waits has a signature that does not verify');
  }

  /** A leaf that no checkpoint counts yet has nothing but its own signatures to vouch for it. */
  #verifyUncounted(leaf: Leaf): void {
    try {
      verifyLeafSignatures(leaf, this.roots.current);
    } catch (cause) {
      if (!(cause instanceof TransparencyError || cause instanceof AuditorError)) throw cause;
      throw new AuditorError('log-damaged', 'the last leaf is not signed', { cause });
    }
  }
}

const otherArtifact = (): AuditorError =>
  new AuditorError('epoch-signed', 'another artifact was signed for this epoch');
