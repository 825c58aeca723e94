import { Signal } from './concurrency.js';
import { type AgentContext, logError, toLedger } from './context.js';
import type { StepDownReason } from './events.js';

/** Who leads, or tries to, while the lease is ours. */
export interface Contender {
  readonly holdsTerm: boolean;
  /** A new term of ours would help members that cannot follow this one. */
  readonly wantsNewTerm: boolean;
  checkHsm(): Promise<boolean>;
  contend(): Promise<boolean>;
  stepDown(reason: StepDownReason): void;
}

/**
 * Holds one group's leader lease while our site leads, and otherwise watches for its end. The lease is a hint that keeps
 * agents from fighting; terms are what fences.
 *
 * Sites are ranked by group, so that leaders spread: the more preferred one comes a stagger earlier to a free lease.
 */
export class LeaseKeeper {
  readonly #context: AgentContext;
  readonly #group: number;
  readonly #contender: Contender;
  readonly #signal = new Signal();
  #state: { readonly holder: number; readonly untilMs: number } | undefined;
  #renewedTermAtMs = Number.NEGATIVE_INFINITY;
  #contending: Promise<void> = Promise.resolve();
  #stopped = false;
  #asideUntilMs = Number.NEGATIVE_INFINITY;
  /** Set when our leadership failed: others get their chance first. */
  #yield = false;

  constructor(context: AgentContext, group: number, contender: Contender) {
    this.#context = context;
    this.#group = group;
    this.#contender = contender;
  }

  /** Who held the lease when last asked, 0 when it must have run out since. */
  get holder(): number {
    const live = this.#state !== undefined && this.#context.ports.clock.nowMs() < this.#state.untilMs;
    return live ? (this.#state?.holder ?? 0) : 0;
  }

  /** Runs until {@link stop}, and then gives the lease back. */
  async run(): Promise<void> {
    const { timers } = this.#context.ports;
    await this.#signal.wait(timers, this.#staggerMs);
    while (!this.#stopped) {
      const waitMs = await this.#step();
      if (!this.#stopped) await this.#signal.wait(timers, Math.max(1, Math.ceil(waitMs)));
    }
    await this.#contending;
    await this.#release();
  }

  stop(): void {
    this.#stopped = true;
    this.#signal.notify();
  }

  /** Leaves the group to others for that long, and gives the lease back if it is ours; 0 ends it. */
  standAside(forMs: number): void {
    this.#asideUntilMs = this.#context.ports.clock.nowMs() + forMs;
    if (forMs > 0) this.#contender.stepDown('stood-aside');
    this.#signal.notify();
  }

  /** Frees the lease soon, unless another new term of ours is what is wanted. */
  leadershipEnded(reason: StepDownReason): void {
    if (reason !== 'renewed') this.#yield = true;
    this.#signal.notify();
  }

  /** 0 for the preferred site of this group. */
  get #staggerMs(): number {
    const { fleet, memberId, tuning } = this.#context;
    const n = fleet.members.length;
    return ((((memberId - 1 - this.#group) % n) + n) % n) * tuning.leaseStaggerMs;
  }

  /** @returns milliseconds until the next step. */
  async #step(): Promise<number> {
    const { clock } = this.#context.ports;
    const { leaseMs } = this.#context.tuning;
    const asideMs = this.#asideUntilMs - clock.nowMs();
    if (asideMs > 0) {
      await this.#release();
      return asideMs;
    }
    if (this.#yield) {
      this.#yield = false;
      await this.#release();
      // Longer than any other site waits before it asks again: a site that cannot lead must not keep the lease busy.
      const { fleet, tuning } = this.#context;
      return leaseMs + fleet.members.length * tuning.leaseStaggerMs;
    }
    if (!(await this.#contender.checkHsm())) return leaseMs / 3;
    // Before the call: the lease must not last longer in our eyes than in the ledger's.
    const askedAtMs = clock.nowMs();
    try {
      const { holder, expiresInMs } = await toLedger(
        this.#context,
        this.#context.ports.ledger.lease.acquire(this.#group, this.#context.memberId, leaseMs),
      );
      this.#state = { holder, untilMs: askedAtMs + expiresInMs };
      if (holder === this.#context.memberId) return await this.#lead();
      this.#contender.stepDown('lease-lost');
      return expiresInMs + this.#staggerMs;
    } catch (cause) {
      logError(this.#context, this.#group, 'lease', cause);
      const mine = this.#state?.holder === this.#context.memberId && clock.nowMs() < this.#state.untilMs;
      if (!mine) this.#contender.stepDown('ledger');
      return leaseMs / 6;
    }
  }

  async #lead(): Promise<number> {
    const { ports, tuning } = this.#context;
    if (this.#contender.wantsNewTerm && ports.clock.nowMs() - this.#renewedTermAtMs > 4 * tuning.leaseMs) {
      this.#renewedTermAtMs = ports.clock.nowMs();
      this.#contender.stepDown('renewed');
    }
    if (this.#contender.holdsTerm) return tuning.leaseMs / 3;
    // Not waited for: the lease has to be renewed meanwhile.
    this.#contending = this.#contender.contend().then((leads) => {
      if (!leads) this.leadershipEnded('no-quorum');
    });
    return tuning.leaseMs / 3;
  }

  async #release(): Promise<void> {
    if (this.#state?.holder !== this.#context.memberId) return;
    this.#state = undefined;
    try {
      await toLedger(this.#context, this.#context.ports.ledger.lease.release(this.#group, this.#context.memberId));
    } catch (cause) {
      logError(this.#context, this.#group, 'lease release', cause);
    }
  }
}
