import { equalBytes } from '@coffer/base';
import { captureEntriesMax, type GroupPosition, roundStepMax as roundStep } from '@coffer/hsm';
import type { LedgerPosition } from '@coffer/ledger';
import {
  type Cap,
  compareTerms,
  decodeQuorumCertificate,
  decodeSignedEntry,
  encodeQuorumCertificate,
  type NewView,
  type QuorumCertificate,
  type Signed,
  type SignedEntry,
  type Term,
  type TermPromise,
  verifyQuorumCertificate,
} from '@coffer/protocol';
import type { Tip } from '@coffer/replica';
import { Lane } from './concurrency.js';
import type { AgentContext } from './context.js';
import { AgentError } from './errors.js';
import type { LogPosition } from './peer-messages.js';
import type { LogEntry } from './stored-entry.js';

/** Entries of a push that get a cap each, so that the leader finds a quorum for each of them. */
const capsPerFollow = 8;
/** Steps in which one promise may climb to a term that is further up than an HSM allows at once. */
const promiseStepsMax = 8;

/**
 * One group's replica and HSM of this site, and the only place where the HSM is asked to capture, adopt, open a view or
 * jump.
 *
 * Data first: each of these is asked for only while the replica durably holds the complete state at the entry in
 * question. That is what makes a certificate say that a quorum of sites holds the data (consensus invariant 6). All methods
 * but the readers run in {@link lane}, so that nothing rewinds the replica between the check and the question.
 */
export class Site {
  readonly group: number;
  /** Orders everything that moves replica and HSM. No task may wait for another agent's lane: two would wait for each other. */
  readonly lane = new Lane();
  readonly #context: AgentContext;
  #lastSeen: GroupPosition | undefined;
  #trimmedBelow = 0n;

  constructor(context: AgentContext, group: number) {
    this.#context = context;
    this.group = group;
  }

  get tip(): Tip {
    return this.#context.ports.replica.tip(this.group);
  }

  /** Newest certificate that is known here, its entry held or not; verified before it was kept. */
  get certificate(): QuorumCertificate | undefined {
    const stored = this.#context.ports.replica.certificate(this.group);
    return stored === undefined ? undefined : decodeQuorumCertificate(stored.qc);
  }

  /** Index of the newest certified entry that is held: nothing at or below it can be undone. */
  get committedIndex(): bigint {
    const head = this.#context.ports.replica.describe()[this.group];
    return head?.committedIndex ?? 0n;
  }

  /** Whether the complete state at this entry is here, or can be had by undoing. */
  holds({ index, hash }: LedgerPosition): boolean {
    return this.#context.ports.replica.has(this.group, index, hash);
  }

  /** Where the HSM stood when it last said so. */
  get lastSeen(): GroupPosition | undefined {
    return this.#lastSeen;
  }

  /** Where the HSM stands. @throws AgentError `hsm-unavailable`. */
  async inspect(): Promise<GroupPosition> {
    const position = await this.#context.hsm.demand<'inspect'>({ type: 'inspect', group: this.group });
    this.#lastSeen = position;
    return position;
  }

  /** Keeps a certificate if it is a quorum's. @throws ProtocolError `bad-certificate`; ReplicaError. */
  learn(certificate: QuorumCertificate): void {
    this.store([], certificate);
  }

  /**
   * Stores consecutive entries, the first of which follows the tip or is held, and keeps a certificate, in one durable
   * transaction.
   * @throws ProtocolError `bad-certificate`; ReplicaError.
   */
  store(entries: readonly LogEntry[], certificate?: QuorumCertificate): void {
    const { replica } = this.#context.ports;
    const fresh = entries.filter(({ signed, hash }) => !this.holds({ index: signed.entry.index, hash }));
    const stored = fresh.map((entry) => entry.stored);
    const newer = certificate !== undefined && this.#isNews(certificate) ? certificate : undefined;
    const store = (): void => replica.store(this.group, stored);
    const keep = ({ index, hash }: QuorumCertificate, qc: Uint8Array): void =>
      replica.saveCertificate(this.group, qc, index, hash);
    if (newer === undefined) {
      if (stored.length > 0) store();
      return;
    }
    const qc = encodeQuorumCertificate(newer);
    if (stored.length === 0) keep(newer, qc);
    else {
      replica.together(() => {
        store();
        keep(newer, qc);
      });
    }
  }

  /**
   * Forgets the bodies of entries below the window, now and then.
   * @returns the index below which nothing is kept, if it has moved.
   */
  trim(): bigint | undefined {
    const window = BigInt(this.#context.tuning.windowEntries);
    const below = (this.certificate?.index ?? 0n) - window;
    if (below <= 0n || below - this.#trimmedBelow < window / 4n) return undefined;
    this.#trimmedBelow = below;
    this.#context.ports.replica.trim(this.group, below);
    return below;
  }

  /** Undoes what is held above `index`. @throws ReplicaError `undo-missing`. */
  rewind(index: bigint): void {
    if (this.tip.index <= index) return;
    this.#context.ports.replica.rewind(this.group, index);
    this.#context.ports.log({ type: 'rewound', group: this.group, toIndex: index.toString() });
  }

  /** The signed entry held at `index`. */
  entryAt(index: bigint): SignedEntry | undefined {
    const stored = this.#context.ports.replica.entry(this.group, index);
    return stored && decodeSignedEntry(stored.entry);
  }

  /**
   * Has the HSM promise `t`, by steps where the round is too far up for one.
   * @param nonce - 32 bytes that t's leader drew; t's own leader draws a fresh one instead.
   * @throws AgentError.
   */
  async promise(
    t: Term,
    nonce: Uint8Array,
  ): Promise<Signed<TermPromise> | { readonly type: 'stale'; readonly promised: Term }> {
    const { hsm } = this.#context;
    for (let step = 0; step < promiseStepsMax; step++) {
      const { promised } = await this.inspect();
      if (compareTerms(promised, t) >= 0) return { type: 'stale', promised };
      const round = t.round - promised.round > roundStep ? promised.round + roundStep : t.round;
      const reply = await hsm.demand<'promise'>({ type: 'promise', group: this.group, t: { ...t, round }, nonce });
      if (round === t.round) return reply.promise;
    }
    throw new AgentError('refused', 'a term out of reach');
  }

  /**
   * Brings the HSM up to what the replica holds: jumps on the newest certificate if that is higher, then captures what
   * follows in its own term. Does nothing while it leads. @throws AgentError `hsm-unavailable`, `refused`.
   */
  async align(): Promise<void> {
    const position = await this.inspect();
    if (position.leading) return;
    const { certificate } = this;
    if (certificate !== undefined && isHigher(certificate, position) && this.holds(certificate)) {
      await this.#context.hsm.ask<'jump'>({ type: 'jump', certificate });
    }
    await this.#captureHeld(0);
  }

  /**
   * Adopts a view and leaves behind what the replica holds above its base: those entries are of older terms, and no HSM
   * of the new one can capture them.
   */
  async adopt(view: Signed<NewView>): Promise<Signed<Cap>> {
    const { base } = view.statement;
    this.#needs(base);
    const { cap } = await this.#context.hsm.demand<'adopt'>({ type: 'adopt', view });
    this.rewind(base.index);
    return cap;
  }

  /** Opens a view over promises whose greatest position is `base`; the replica ends exactly there. */
  async newView(t: Term, promises: readonly Signed<TermPromise>[], base: LogPosition) {
    this.#needs(base);
    const entry = base.index === 0n ? undefined : this.entryAt(base.index);
    const reply = await this.#context.hsm.demand<'new-view'>({
      type: 'new-view',
      group: this.group,
      t,
      promises,
      base: entry,
    });
    this.rewind(base.index);
    return reply;
  }

  /**
   * Captures what the replica holds above the HSM's position, in the HSM's term.
   * @returns the caps of the last few entries, or the one of where it stands when there is nothing to capture.
   */
  async follow(): Promise<Signed<Cap>[]> {
    return this.#captureHeld(capsPerFollow);
  }

  /**
   * The leader's own capture, asked for in the same breath as the store before it: whatever is asked of the HSM later
   * comes after it.
   */
  captureOwn({ signed, hash }: LogEntry) {
    this.#needs({ index: signed.entry.index, hash });
    return this.#context.hsm.demand<'capture'>({ type: 'capture', group: this.group, entries: [signed] });
  }

  async #captureHeld(single: number): Promise<Signed<Cap>[]> {
    const { capTerm, index, hash, promised } = await this.inspect();
    // Also a cap is given again only while its data is here: a replica may have been lost since.
    if (compareTerms(promised, capTerm) > 0 || !this.holds({ index, hash })) return [];
    const entries = this.#heldAbove({ index, hash }, capTerm);
    const bulk = entries.slice(0, Math.max(0, entries.length - single));
    const asks: Promise<{ cap: Signed<Cap> }>[] = [];
    const capture = (part: readonly SignedEntry[]): void => {
      asks.push(this.#context.hsm.demand<'capture'>({ type: 'capture', group: this.group, entries: part }));
    };
    for (let at = 0; at < bulk.length; at += captureEntriesMax) capture(bulk.slice(at, at + captureEntriesMax));
    for (const entry of entries.slice(bulk.length)) capture([entry]);
    if (asks.length === 0) capture([]);
    return (await Promise.all(asks)).map(({ cap }) => cap);
  }

  /** Entries of `term` that the replica holds above `position`. */
  #heldAbove(position: LogPosition, term: Term): SignedEntry[] {
    const { replica } = this.#context.ports;
    const held: SignedEntry[] = [];
    for (;;) {
      const part = replica.entries(this.group, position.index + 1n + BigInt(held.length), captureEntriesMax);
      const signed = part.map(({ entry }) => decodeSignedEntry(entry));
      const other = signed.findIndex(({ entry }) => compareTerms(entry.term, term) !== 0);
      held.push(...(other < 0 ? signed : signed.slice(0, other)));
      if (other >= 0 || part.length < captureEntriesMax) return held;
    }
  }

  /** Whether a certificate is newer than the one we know. @throws ProtocolError `bad-certificate` when it is no quorum's. */
  #isNews(certificate: QuorumCertificate): boolean {
    if (certificate.group !== this.group) throw new AgentError('refused', 'a certificate of another group');
    const known = this.certificate;
    if (known !== undefined && !isHigher(certificate, { capTerm: known.term, index: known.index })) return false;
    verifyQuorumCertificate(this.#context.fleet, certificate);
    return true;
  }

  #needs(position: LogPosition): void {
    if (!this.holds(position)) throw new AgentError('missing-data', `entry ${position.index} is not held here`);
  }
}

/** Whether a certificate is above where an HSM stands (rule 7). */
export function isHigher(
  certificate: { readonly term: Term; readonly index: bigint },
  { capTerm, index }: { readonly capTerm: Term; readonly index: bigint },
): boolean {
  const terms = compareTerms(certificate.term, capTerm);
  return terms > 0 || (terms === 0 && certificate.index > index);
}

/** Whether two positions name the same entry. */
export function isSame(a: LogPosition, b: { readonly index: bigint; readonly hash: Uint8Array }): boolean {
  return a.index === b.index && equalBytes(a.hash, b.hash);
}
