import { equalBytes } from '@coffer/base';
import {
  artifactDigest,
  decodeArtifact,
  encodeLeaf,
  encodePlexiMessage,
  type FleetArtifact,
  type Leaf,
  leafHash,
  type PlexiAnswer,
} from '@coffer/transparency';
import { historyWith, openArtifact, verifyOperatorInForce, verifyRequestSignature } from './artifact-checks.js';
import { EpochSigner } from './epoch-signer.js';
import { AuditorError } from './errors.js';
import type { AuditBody, CountersignatureBody } from './http/bodies.js';
import { finishInterrupted } from './interrupted.js';
import { verifyLeaf } from './leaf-checks.js';
import { AuditLog } from './log/audit-log.js';
import type { SignedRecord } from './log/signed-record.js';
import { TrustRoots } from './log/trust-roots.js';
import { LogPublisher } from './log-publisher.js';
import { LoggedEpochs } from './logged-epochs.js';
import type { AuditedNamespaceOptions, NamespaceParts } from './namespace-parts.js';
import { NamespaceView } from './namespace-view.js';
import { logSignerFor } from './signing-keys.js';
import { NamespaceNames } from './store/names.js';

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
  readonly #parts: NamespaceParts;
  readonly #log: AuditLog;
  readonly #publisher: LogPublisher;
  readonly #signer: EpochSigner;

  private constructor(parts: NamespaceParts) {
    const { namespace, roots, log, isDisabled } = parts;
    this.#parts = parts;
    this.name = namespace;
    this.roots = roots;
    this.#log = log;
    this.view = new NamespaceView(namespace, log, isDisabled);
    this.#publisher = new LogPublisher(parts);
    this.#signer = new EpochSigner(parts, this.#publisher);
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
    const epochs = new LoggedEpochs(log, options.store);
    const parts = { ...options, namespace: roots.current.namespace, roots, log, epochs };
    finishInterrupted(parts);
    return new AuditedNamespace(parts);
  }

  get isDisabled(): boolean {
    return this.#parts.isDisabled;
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
      const known = this.#signer.known(artifact.epoch, artifactDigest(body.artifact));
      if (known !== undefined) return { value: known, isNew: false };
      return { value: await this.#signer.audit(artifact, body), isNew: true };
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
      if (isNew) this.#parts.onEvent({ type: 'trust-root', namespace: this.name, version });
      return { value: version, isNew };
    });
  }

  /** Has the newest checkpoint cosigned again. @returns whether a quorum answered. */
  refresh(): Promise<boolean> {
    return this.#inTurn(() => this.#publisher.round());
  }

  /** Also what could be answered without a write is not: after one that failed nobody knows what is stored. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const { turns, store } = this.#parts;
    return turns.run(() => {
      store.verifyUsable();
      return task();
    });
  }

  /** Logs the next epoch. @returns the leaf. */
  #append(epoch: number, body: CountersignatureBody): Uint8Array {
    const { clock, logSigners, onEvent } = this.#parts;
    const record = epoch === this.#log.size + 1 ? this.#log.record(epoch) : undefined;
    if (record?.signature === undefined) throw new AuditorError('not-signed', 'nothing was signed for this epoch');
    const artifactBytes = this.#parts.epochs.artifact(record.message.digest);
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
    const { leaf, bytes } = this.#parts.epochs.leafAt(epoch);
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
}
