import { equalBytes, utf8 } from '@coffer/base';
import {
  artifactDigest,
  type FleetArtifact,
  type PlexiAnswer,
  plexiKeyId,
  signPlexiMessage,
} from '@coffer/transparency';
import { checkEvidence, historyWith } from './artifact-checks.js';
import { AuditorError } from './errors.js';
import type { AuditBody } from './http/bodies.js';
import { isInForce } from './leaf-checks.js';
import type { SignedRecord } from './log/signed-record.js';
import type { LogPublisher } from './log-publisher.js';
import type { NamespaceParts } from './namespace-parts.js';
import { plexiAnswerOf } from './namespace-view.js';
import { keyFor } from './signing-keys.js';
import type { GuardedStore } from './store/guarded-store.js';
import { artifactName, digestName, evidenceName } from './store/names.js';

/** The auditor's own signature: one artifact an epoch, one message for it, however often it is asked for. */
export class EpochSigner {
  readonly #parts: NamespaceParts;
  readonly #publisher: LogPublisher;

  constructor(parts: NamespaceParts, publisher: LogPublisher) {
    this.#parts = parts;
    this.#publisher = publisher;
  }

  /** What was answered for this epoch before. @throws AuditorError `epoch-signed` if that was for another artifact. */
  known(epoch: number, digest: Uint8Array): PlexiAnswer | undefined {
    const { log, epochs } = this.#parts;
    if (epoch <= log.size) {
      const { leaf } = epochs.leafAt(epoch);
      if (!equalBytes(leaf.digest, digest)) throw otherArtifact();
      return plexiAnswerOf(leaf);
    }
    const record = epoch === log.size + 1 ? log.record(epoch) : undefined;
    if (record === undefined) return undefined;
    if (!equalBytes(record.message.digest, digest)) throw otherArtifact();
    return this.#sign(record);
  }

  /** Every check, then every write, then the signature. @throws AuditorError as the checks say. */
  async audit(artifact: FleetArtifact, { artifact: bytes, evidence }: AuditBody): Promise<PlexiAnswer> {
    const { namespace, store, clock, log, roots, epochs, auditorKeys, evidence: check, onEvent } = this.#parts;
    historyWith(log.history, bytes);
    const digest = artifactDigest(bytes);
    if (store.read(digestName(digest)) !== undefined)
      throw new AuditorError('digest-reused', 'signed before, in a history that this log does not have');
    const { publicKey } = keyFor(auditorKeys, roots.current, artifact.epoch);
    const { files } = await checkEvidence(
      artifact,
      epochs.newestArtifact(),
      evidence,
      (file) => store.read(evidenceName(file)),
      check,
      roots.current,
      (failures) => onEvent({ type: 'evidence-failed', namespace, failures }),
    );
    // Last, because it takes the longest: whoever remembers more of this log than it does itself speaks up here.
    await this.#publisher.makeReady();

    for (const file of files) store.writeOnce(evidenceName(file.digest), file.bytes);
    store.writeOnce(artifactName(digest), bytes);
    const message = {
      suite: 1,
      namespace,
      // Times never go down from one epoch to the next, though a clock may.
      timestampMs: Math.max(clock.nowMs(), epochs.newestTimestampMs()),
      epoch: artifact.epoch,
      digest,
    } as const;
    const record: SignedRecord = { message, key: publicKey };
    log.putRecord(record);
    putDigest(store, record);
    return this.#sign(record);
  }

  /**
   * The auditor's answer for a record. A signature by a key that has been revoked since could never be logged, and the
   * log would stand still; so the same message is then signed by the key that is in force.
   */
  #sign(record: SignedRecord): PlexiAnswer {
    const { namespace, auditorKeys, log, roots, onEvent } = this.#parts;
    const { message } = record;
    const root = roots.current;
    const isListed = root.auditors.some((key) => equalBytes(key, record.key));
    const isGood = isListed && isInForce(root, record.key, message.epoch);
    if (isGood && record.signature !== undefined)
      return { message, signature: record.signature, keyId: plexiKeyId(record.key) };
    const { seed, publicKey } = keyFor(auditorKeys, root, message.epoch);
    const signature = signPlexiMessage(message, seed);
    log.putRecord({ message, key: publicKey, signature });
    onEvent({ type: 'signed', namespace, epoch: message.epoch });
    return { message, signature, keyId: plexiKeyId(publicKey) };
  }
}

const otherArtifact = (): AuditorError =>
  new AuditorError('epoch-signed', 'another artifact was signed for this epoch');

/** Which epoch an artifact was signed for, so that no other one gets it. */
export function putDigest(store: GuardedStore, { message: { namespace, epoch, digest } }: SignedRecord): void {
  store.writeOnce(digestName(digest), utf8(`${namespace} ${epoch}\n`));
}
