import type { ReleasedEntry } from '@coffer/hsm';
import {
  type Cap,
  encodeQuorumCertificate,
  type NewView,
  type QuorumCertificate,
  type RoutedAnswer,
  type Signed,
  type Term,
} from '@coffer/protocol';
import { answerCommitted, type InFlight } from './answers.js';
import { BatchBuilder, type BatchOwner, reasonOf } from './batch-builder.js';
import type { CallQueue, WaitingCall } from './call-queue.js';
import { CapCollector } from './cap-collector.js';
import { Lane, Signal } from './concurrency.js';
import { type AgentContext, logError, toLedger } from './context.js';
import type { StepDownReason } from './events.js';
import { repairLedger } from './ledger-repair.js';
import { PeerSender, type SentLeadership } from './peer-sender.js';
import type { Site } from './site.js';
import { encodeStoredEntry, type LogEntry } from './stored-entry.js';

/** Entries kept in memory for peers; the replica has the rest. */
const recentEntries = 16;

/**
 * One term that our HSM leads: certifies its base, repairs the ledger, and then serves batches until it ends. Ends once,
 * for one reason; whatever waits then gets an answer after which the client may ask again.
 */
export class Leadership implements SentLeadership, BatchOwner {
  readonly term: Term;
  readonly view: Signed<NewView>;
  readonly #context: AgentContext;
  readonly #site: Site;
  readonly #queue: CallQueue;
  readonly #onEnd: (reason: StepDownReason) => void;
  readonly #onOutrun: (promised: Term) => void;
  readonly #caps: CapCollector;
  readonly #senders: readonly PeerSender[];
  readonly #builder: BatchBuilder;
  readonly #commits = new Lane();
  readonly #signal = new Signal();
  readonly #outrunBy = new Set<number>();
  #inFlight: InFlight[] = [];
  #recent: LogEntry[] = [];
  #certificate: QuorumCertificate | undefined;
  #ended: StepDownReason | undefined;
  #serving = false;
  #cancelBaseTimeout: () => void = () => undefined;

  constructor(options: {
    readonly context: AgentContext;
    readonly site: Site;
    readonly queue: CallQueue;
    readonly view: Signed<NewView>;
    readonly onEnd: (reason: StepDownReason) => void;
    /** A member has promised a later term than ours. */
    readonly onOutrun: (promised: Term) => void;
  }) {
    const { context, site, queue, view, onEnd, onOutrun } = options;
    this.#context = context;
    this.#site = site;
    this.#queue = queue;
    this.#onEnd = onEnd;
    this.#onOutrun = onOutrun;
    this.view = view;
    this.term = view.statement.t;
    this.#caps = new CapCollector(context.fleet, site.group, context.memberId, this.term);
    this.#caps.expect(view.statement.base);
    this.#builder = new BatchBuilder(context, site, this.term, view.statement.base);
    this.#senders = context.peers.others.map((id) => new PeerSender(context, site.group, id, this));
  }

  get active(): boolean {
    return this.#ended === undefined;
  }

  /** Whether calls are taken: the base is certified and the ledger ends with it. */
  get serving(): boolean {
    return this.#serving && this.active;
  }

  get tipIndex(): bigint {
    return this.#builder.tip.index;
  }

  get certificate(): QuorumCertificate | undefined {
    return this.#certificate;
  }

  /** Whether a later term would bring back members that cannot follow this one, and nothing is in flight to lose. */
  get shouldRenew(): boolean {
    return this.#outrunBy.size > 0 && this.#inFlight.length === 0 && this.#queue.size === 0;
  }

  /** Leads until it ends. @param ownCap - our HSM's cap of the base. */
  async run(ownCap: Signed<Cap>): Promise<void> {
    const { ports, tuning } = this.#context;
    this.#cancelBaseTimeout = ports.timers.after(tuning.quorumTimeoutMs, () => this.end('no-quorum'));
    const sending = this.#senders.map((sender) => sender.run());
    this.takeCap(ownCap);
    while (this.active) {
      if (!this.#ready()) {
        await this.#signal.wait(ports.timers, tuning.leaseMs);
        continue;
      }
      if (tuning.gatherMs > 0 && this.#inFlight.length === 0) {
        await new Promise<void>((resolve) => ports.timers.after(tuning.gatherMs, resolve));
      }
      await this.#batch();
    }
    await Promise.all(sending);
  }

  /** Calls have come. */
  notify(): void {
    this.#signal.notify();
  }

  /** Stops leading; what waits is answered so that its client tries again, here or elsewhere. Idempotent. */
  end(reason: StepDownReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#cancelBaseTimeout();
    const elsewhere = reason === 'fenced' || reason === 'conflict' || reason === 'lease-lost';
    const { retryAfterMs } = this.#context.tuning;
    const answer: RoutedAnswer = elsewhere
      ? { type: 'not-leader', leaderId: 0 }
      : { type: 'unavailable', retryAfterMs };
    for (const { calls, cancelTimeout } of this.#inFlight) {
      cancelTimeout();
      for (const call of calls.values()) call.answer(answer);
    }
    this.#inFlight = [];
    this.#queue.drain(answer);
    this.#signal.notify();
    for (const sender of this.#senders) sender.notify();
    this.#onEnd(reason);
  }

  entriesFrom(fromIndex: bigint, limit: number): readonly Uint8Array[] {
    const at = this.#recent.findIndex(({ signed }) => signed.entry.index === fromIndex);
    if (at >= 0) return this.#recent.slice(at, at + limit).map(({ bytes }) => bytes);
    return this.#context.ports.replica.entries(this.#site.group, fromIndex, limit).map(encodeStoredEntry);
  }

  isActive(): boolean {
    return this.active;
  }

  stored(entry: LogEntry, calls: ReadonlyMap<number, WaitingCall>): void {
    const { ports, tuning } = this.#context;
    this.#caps.expect({ index: entry.signed.entry.index, hash: entry.hash });
    const cancelTimeout = ports.timers.after(tuning.quorumTimeoutMs, () => this.end('no-quorum'));
    this.#inFlight.push({ entry, calls, cancelTimeout });
    this.#recent = [...this.#recent.slice(1 - recentEntries), entry];
  }

  outrun(memberId: number, promised: Term): void {
    this.#outrunBy.add(memberId);
    this.#onOutrun(promised);
  }

  takeCap(cap: Signed<Cap>): void {
    if (!this.active) return;
    this.#outrunBy.delete(cap.statement.hsm);
    try {
      const certificate = this.#caps.add(cap);
      if (certificate === undefined) return;
      void this.#commits
        .run(() => this.#commit(certificate))
        .catch((cause: unknown) => {
          logError(this.#context, this.#site.group, 'commit', cause);
          this.end(reasonOf(cause));
        });
    } catch (cause) {
      logError(this.#context, this.#site.group, 'cap', cause);
    }
  }

  #ready(): boolean {
    return this.#serving && this.#queue.size > 0 && this.#inFlight.length < this.#context.tuning.pipelineDepth;
  }

  async #batch(): Promise<void> {
    const batch = await this.#builder.build(this.#queue, this);
    if (batch.type === 'ended') this.end(batch.reason);
    if (batch.type !== 'stored') return;
    batch.captured.then(
      ({ cap }) => this.takeCap(cap),
      (cause: unknown) => {
        logError(this.#context, this.#site.group, 'capture', cause);
        this.end('hsm');
      },
    );
    for (const sender of this.#senders) sender.notify();
  }

  /** A quorum has captured: keep the certificate, have the replies released, and answer. In order, one at a time. */
  async #commit(certificate: QuorumCertificate): Promise<void> {
    if (!this.active || (this.#certificate !== undefined && certificate.index <= this.#certificate.index)) return;
    const { index, hash } = certificate;
    this.#context.ports.replica.saveCertificate(this.#site.group, encodeQuorumCertificate(certificate), index, hash);
    const first = this.#certificate === undefined;
    this.#certificate = certificate;
    for (const sender of this.#senders) sender.notify();
    if (first) return this.#begin(certificate);
    const reply = await this.#context.hsm.ask<'release'>({ type: 'release', certificate });
    if (reply.type === 'refused') {
      logError(this.#context, this.#site.group, `release: ${reply.code}`, undefined);
      return this.end('hsm');
    }
    if (this.active) this.#answer(certificate, reply.entries);
    await this.#trim();
  }

  /** The base is certified: from here on everything before it is final, and the ledger can be made to agree. */
  async #begin(certificate: QuorumCertificate): Promise<void> {
    this.#cancelBaseTimeout();
    try {
      await repairLedger(this.#context, this.#site, this.term, certificate);
    } catch (cause) {
      logError(this.#context, this.#site.group, 'ledger repair', cause);
      return this.end('ledger');
    }
    if (!this.active) return;
    this.#serving = true;
    const { round } = this.term;
    this.#context.ports.log({
      type: 'leading',
      group: this.#site.group,
      round: round.toString(),
      baseIndex: certificate.index.toString(),
    });
    this.#signal.notify();
  }

  #answer(certificate: QuorumCertificate, released: readonly ReleasedEntry[]): void {
    const { ports, tuning } = this.#context;
    const done = this.#inFlight.filter(({ entry }) => entry.signed.entry.index <= certificate.index);
    this.#inFlight = this.#inFlight.filter(({ entry }) => entry.signed.entry.index > certificate.index);
    for (const { cancelTimeout } of done) cancelTimeout();
    answerCommitted(done, released, certificate, tuning.retryAfterMs);
    for (const { entry } of done) {
      const { index, count } = entry.signed.entry;
      ports.log({ type: 'committed', group: this.#site.group, index: index.toString(), requests: count });
    }
    this.#signal.notify();
  }

  /** Ledger and replica forget what every site has had time to store. A site that was away longer copies a snapshot. */
  async #trim(): Promise<void> {
    const below = this.#site.trim();
    if (below === undefined) return;
    try {
      await toLedger(this.#context, this.#context.ports.ledger.trim(this.#site.group, below - 1n));
    } catch (cause) {
      logError(this.#context, this.#site.group, 'ledger trim', cause);
    }
  }
}
