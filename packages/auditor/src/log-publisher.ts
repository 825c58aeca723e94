import type { Clock } from '@coffer/base';
import type { NoteSigner, Policy } from '@coffer/transparency';
import { decodeNote } from '@coffer/transparency';
import { AuditorError } from './errors.js';
import type { AuditLog, Head } from './log/audit-log.js';
import type { TrustRoots } from './log/trust-roots.js';
import type { AuditorEvent, Witnesses } from './ports.js';
import { logSignerFor } from './signing-keys.js';
import { type Cosignature, isQuorum, mergeCosignatures, verifiedCosignatures } from './witnesses/cosignatures.js';

export interface PublisherOptions {
  readonly namespace: string;
  readonly log: AuditLog;
  readonly roots: TrustRoots;
  readonly logSigners: readonly NoteSigner[];
  readonly witnesses: Witnesses;
  readonly clock: Clock;
  readonly onEvent: (event: AuditorEvent) => void;
}

/** Brings what is logged before the witnesses, and shows it once a quorum has seen it. */
export class LogPublisher {
  readonly #options: PublisherOptions;
  #isConfirmed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Whether everything that is logged is published, and a quorum of witnesses has confirmed since the start that no longer
   * log is known. Without that, a store that was put back to an earlier state would sign other epochs in place of those
   * that it has forgotten. Only witnesses remember them, and only the quorum's word counts: a single one could lie.
   */
  get isReady(): boolean {
    const { log } = this.#options;
    return this.#isConfirmed && log.publishedSize === log.size;
  }

  /**
   * Has the newest checkpoint cosigned, and publishes it when there is a quorum.
   * @returns whether a quorum answered in this round. @throws AuditorError `no-signing-key`, `halted`.
   */
  async round(): Promise<boolean> {
    const { namespace, log, roots, logSigners, witnesses, clock, onEvent } = this.#options;
    const root = roots.current;
    const head = log.seal(logSignerFor(logSigners, root, log.size));
    const { policy } = root;
    const { text } = head.note;
    const lines = await witnesses.cosign({
      policy,
      checkpoint: head.bytes,
      text,
      size: head.size,
      prove: (oldSize) => log.prove(oldSize, head.size),
    });
    const fresh = verifiedCosignatures(policy, text, lines, clock.nowMs());
    const isEnough = isQuorum(policy, fresh);
    this.#isConfirmed ||= isEnough;
    const isPublic = this.#keep(head, policy, fresh);
    const event = { namespace, size: head.size, cosignatures: fresh.length };
    if (isPublic && fresh.length > 0) onEvent({ type: 'published', ...event });
    if (!isEnough) onEvent({ type: 'no-witness-quorum', ...event });
    return isEnough;
  }

  /** A round, if one is needed. @throws AuditorError `no-witness-quorum`, `log-unconfirmed`, `no-signing-key`, `halted`. */
  async makeReady(): Promise<void> {
    if (this.isReady) return;
    await this.round();
    const { log } = this.#options;
    if (log.publishedSize !== log.size) throw new AuditorError('no-witness-quorum', 'too few witnesses answered');
    if (!this.#isConfirmed) throw new AuditorError('log-unconfirmed', 'too few witnesses confirmed this log');
  }

  /** Stores the lines. @returns whether the head is public now. */
  #keep(head: Head, policy: Policy, fresh: readonly Cosignature[]): boolean {
    const { log, clock } = this.#options;
    const { text } = head.note;
    const linesOf = (note: Uint8Array | undefined): readonly Cosignature[] =>
      note === undefined ? [] : verifiedCosignatures(policy, text, decodeNote(note).signatures, clock.nowMs());
    const own = head.note.signatures.filter((line) => log.isOwnLine(line));
    const noteWith = (cosignatures: readonly Cosignature[]) => ({
      text,
      signatures: [...own, ...cosignatures.map(({ line }) => line)],
    });
    const newest = mergeCosignatures(fresh, linesOf(head.bytes));
    if (!isQuorum(policy, newest)) {
      // Those who were quick need not be asked again before the others answer.
      if (fresh.length > 0) log.saveHead(noteWith(newest));
      return false;
    }
    // The earliest first: how long a fleet has been public counts from there.
    log.saveCheckpointAt(head.size, noteWith(mergeCosignatures(linesOf(log.checkpointAt(head.size)), newest)));
    log.saveHead(noteWith(newest));
    log.publish();
    return true;
  }
}
