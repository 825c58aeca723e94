import type { Cap, NewView, QuorumCertificate, Signed, Term } from '@coffer/protocol';
import { Signal } from './concurrency.js';
import { type AgentContext, codeOf, logError } from './context.js';
import { type PeerReply, peerEntriesMax, peerPayloadBytes } from './peer-messages.js';

/** What a sender needs of the leadership that it sends for. */
export interface SentLeadership {
  readonly active: boolean;
  readonly term: Term;
  readonly view: Signed<NewView>;
  /** Newest entry that may be sent. */
  readonly tipIndex: bigint;
  readonly certificate: QuorumCertificate | undefined;
  /** Encoded stored entries from `fromIndex` on; empty when they are not held any more. */
  entriesFrom(fromIndex: bigint, limit: number): readonly Uint8Array[];
  takeCap(cap: Signed<Cap>): void;
  /** A peer's HSM has promised a later term. */
  outrun(memberId: number, promised: Term): void;
}

/**
 * Keeps one peer up with a leader: the view first, then entries and certificates, one message in flight, and a heartbeat
 * when there is nothing new. What a slow peer missed goes out together in its next message.
 */
export class PeerSender {
  readonly #context: AgentContext;
  readonly #group: number;
  readonly #memberId: number;
  readonly #leadership: SentLeadership;
  readonly #signal = new Signal();
  #adopted = false;
  /** Newest entry that the peer's HSM has captured in this term. */
  #captured: bigint;
  #certifiedSent = -1n;
  #failures = 0;

  constructor(context: AgentContext, group: number, memberId: number, leadership: SentLeadership) {
    this.#context = context;
    this.#group = group;
    this.#memberId = memberId;
    this.#leadership = leadership;
    this.#captured = leadership.tipIndex;
  }

  /** There is something new to send, or the leadership is over. */
  notify(): void {
    this.#signal.notify();
  }

  /** Resolves when the leadership is over. */
  async run(): Promise<void> {
    const { timers } = this.#context.ports;
    const { leaseMs } = this.#context.tuning;
    const heartbeatMs = Math.ceil(leaseMs / 3);
    while (this.#leadership.active) {
      const progress = await this.#send();
      if (!this.#leadership.active) return;
      if (progress) {
        this.#failures = 0;
        if (!this.#behind()) await this.#signal.wait(timers, heartbeatMs);
      } else {
        // New work does not make an unreachable peer reachable: wait out the delay, whatever is notified.
        this.#failures++;
        const delayMs = Math.min(heartbeatMs, Math.ceil(leaseMs / 24) * 2 ** Math.min(this.#failures, 8));
        await new Promise<void>((resolve) => timers.after(delayMs, resolve));
      }
    }
  }

  #behind(): boolean {
    const { tipIndex, certificate } = this.#leadership;
    return !this.#adopted || this.#captured < tipIndex || this.#certifiedSent < (certificate?.index ?? -1n);
  }

  /** @returns whether the peer is further than before, or nothing was left to do. */
  async #send(): Promise<boolean> {
    const { term, view, certificate } = this.#leadership;
    const entries = this.#adopted ? this.#payload() : [];
    const body = {
      type: 'push',
      group: this.#group,
      term,
      view: this.#adopted ? undefined : view,
      entries,
      certificate,
    } as const;
    try {
      const reply = await this.#context.peers.send(this.#memberId, body);
      if (!this.#leadership.active) return false;
      if (!this.#take(reply, entries.length)) return false;
      this.#certifiedSent = certificate?.index ?? -1n;
      return true;
    } catch (cause) {
      if (codeOf(cause) !== 'peer-unavailable')
        logError(this.#context, this.#group, `push to ${this.#memberId}`, cause);
      return false;
    }
  }

  #take(reply: PeerReply, sent: number): boolean {
    if (reply.type === 'stale') {
      this.#leadership.outrun(this.#memberId, reply.promised);
      return false;
    }
    if (reply.type === 'view-needed') {
      const progress = this.#adopted;
      this.#adopted = false;
      return progress;
    }
    if (reply.type !== 'followed') return false;
    const before = this.#captured;
    // Newest first: a certificate for it covers the others, which only count while it has no quorum yet.
    for (const cap of [...reply.caps].reverse()) {
      if (cap.statement.index > this.#captured) this.#captured = cap.statement.index;
      this.#leadership.takeCap(cap);
    }
    this.#adopted = true;
    return sent === 0 ? reply.caps.length > 0 : this.#captured > before;
  }

  #payload(): readonly Uint8Array[] {
    const { tipIndex } = this.#leadership;
    if (this.#captured >= tipIndex) return [];
    const payload: Uint8Array[] = [];
    let bytes = 0;
    for (const entry of this.#leadership.entriesFrom(this.#captured + 1n, peerEntriesMax)) {
      bytes += entry.length;
      if (payload.length > 0 && bytes > peerPayloadBytes) break;
      payload.push(entry);
    }
    return payload;
  }
}
