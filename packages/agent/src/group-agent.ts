import { type QuorumCertificate, type RoutedAnswer, type RoutedCall, termZero } from '@coffer/protocol';
import { CallQueue } from './call-queue.js';
import { type AgentContext, codeOf, logError } from './context.js';
import { AgentError } from './errors.js';
import type { StepDownReason } from './events.js';
import { followPrepare, followPush } from './follow.js';
import { Leadership } from './leadership.js';
import { type Contender, LeaseKeeper } from './lease-keeper.js';
import { obtain } from './obtain.js';
import type { PeerReply, PeerRequest } from './peer-messages.js';
import { Site } from './site.js';
import type { GroupStatus } from './status.js';
import { takeOver } from './takeover.js';

type Of<T extends PeerRequest['type']> = Extract<PeerRequest, { type: T }>;

/** One group of one agent: follows, or leads, and knows which. */
export class GroupAgent implements Contender {
  readonly site: Site;
  readonly #context: AgentContext;
  readonly #indexKey: () => Uint8Array | undefined;
  readonly #queue: CallQueue;
  readonly #lease: LeaseKeeper;
  #leadership: Leadership | undefined;
  #takingOver = false;
  #heard: { readonly leaderId: number; readonly atMs: number } | undefined;
  #promisedElsewhere = 0n;
  #syncing = false;
  #nextPeer = 0;
  #stopped = false;
  #tasks = new Set<Promise<void>>();

  /** @param indexKey - what the HSM said; undefined before it did. */
  constructor(context: AgentContext, group: number, indexKey: () => Uint8Array | undefined) {
    this.#context = context;
    this.#indexKey = indexKey;
    this.site = new Site(context, group);
    this.#queue = new CallQueue(context.tuning.queueCallsMax);
    this.#lease = new LeaseKeeper(context, group, this);
  }

  get group(): number {
    return this.site.group;
  }

  get leading(): boolean {
    return this.#leadership?.serving ?? false;
  }

  /** Our own term goes on, be it that its base is not certified yet. */
  get holdsTerm(): boolean {
    return this.#leadership !== undefined || this.#takingOver;
  }

  get wantsNewTerm(): boolean {
    return this.#leadership?.shouldRenew ?? false;
  }

  /** Who leads as far as known: whoever pushed lately, else who holds the lease; 0 when nobody does. */
  get leaderId(): number {
    if (this.#leadership !== undefined) return this.#context.memberId;
    const nowMs = this.#context.ports.clock.nowMs();
    if (this.#heard !== undefined && nowMs - this.#heard.atMs < 2 * this.#context.tuning.leaseMs)
      return this.#heard.leaderId;
    const holder = this.#lease.holder;
    return holder === this.#context.memberId ? 0 : holder;
  }

  start(): void {
    this.#spawn('start', async () => {
      await this.#catchUp(this.#context.peers.others);
    });
    this.#spawn('lease', () => this.#lease.run());
  }

  /** See {@link LeaseKeeper.standAside}. */
  standAside(forMs: number): void {
    this.#lease.standAside(forMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#leadership?.end('stopped');
    this.#lease.stop();
    this.#queue.drain({ type: 'unavailable', retryAfterMs: this.#context.tuning.retryAfterMs });
    await Promise.all(this.#tasks);
    // What was asked of us before, to its end: the caller may close replica and ledger then.
    await this.site.lane.run(() => Promise.resolve());
  }

  /** Resolves with a committed reply, or once it is certain that this attempt brings none. */
  route(call: RoutedCall): Promise<RoutedAnswer> {
    const indexKey = this.#indexKey();
    if (this.#stopped || !this.holdsTerm) return Promise.resolve({ type: 'not-leader', leaderId: this.leaderId });
    const { retryAfterMs } = this.#context.tuning;
    return new Promise((resolve) => {
      const waiting = { vaultId: call.vaultId, request: call.request, answer: resolve };
      const added = indexKey !== undefined && this.#queue.add(indexKey, waiting);
      if (!added) resolve({ type: 'unavailable', retryAfterMs });
      else this.#leadership?.notify();
    });
  }

  /** @throws any coded error; the caller answers with its code. */
  async follow(from: number, push: Of<'push'>): Promise<PeerReply> {
    // One at a time: while this site copies a snapshot its leader's messages must not pile up.
    if (this.#syncing || this.#stopped) return { type: 'error', code: 'unavailable' };
    try {
      const reply = await this.site.lane.run(() => followPush(this.#context, this.site, from, push));
      if (reply.type === 'followed') {
        this.#heard = { leaderId: from, atMs: this.#context.ports.clock.nowMs() };
        this.#superseded();
      }
      return reply;
    } catch (cause) {
      if (codeOf(cause) === 'missing-data' && push.certificate !== undefined) this.#sync(push.certificate, from);
      throw cause;
    }
  }

  async prepare(from: number, request: Of<'prepare'>): Promise<PeerReply> {
    if (this.#stopped) return { type: 'error', code: 'unavailable' };
    const reply = await this.site.lane.run(() => followPrepare(this.#context, this.site, from, request));
    if (reply.type === 'promised') this.#superseded();
    return reply;
  }

  /** Takes over while we hold the lease. @returns whether a term of ours is under way. */
  async contend(): Promise<boolean> {
    if (this.holdsTerm || this.#stopped) return this.holdsTerm;
    this.#takingOver = true;
    try {
      const { view, cap } = await takeOver(this.#context, this.site, this.#promisedElsewhere);
      if (this.#stopped) return false;
      const leadership = new Leadership({
        context: this.#context,
        site: this.site,
        queue: this.#queue,
        view,
        onOutrun: ({ round }) => {
          if (round > this.#promisedElsewhere) this.#promisedElsewhere = round;
        },
        onEnd: (reason) => this.#ended(leadership, reason),
      });
      this.#leadership = leadership;
      this.#spawn('lead', () => leadership.run(cap));
      return true;
    } catch (cause) {
      this.#context.ports.log({ type: 'takeover-failed', group: this.group, reason: codeOf(cause) });
      this.#queue.drain({ type: 'unavailable', retryAfterMs: this.#context.tuning.retryAfterMs });
      return false;
    } finally {
      this.#takingOver = false;
    }
  }

  /** The lease is somebody else's, or nobody can tell. */
  stepDown(reason: StepDownReason): void {
    this.#leadership?.end(reason);
  }

  /** Whether our HSM can lead now; if it was restarted, it leads nothing any more, whatever we thought. */
  async checkHsm(): Promise<boolean> {
    try {
      const { leading, capTerm } = await this.site.inspect();
      const term = this.#leadership?.term;
      if (term !== undefined && !(leading && capTerm.round === term.round)) this.#leadership?.end('hsm');
      return true;
    } catch (cause) {
      logError(this.#context, this.group, 'inspect', cause);
      this.#leadership?.end('hsm');
      return false;
    }
  }

  /** Anti-entropy: asks somebody where the group stands when no leader has been heard for a lease period. */
  async tick(): Promise<void> {
    const { ports, tuning, peers } = this.#context;
    const silentMs = ports.clock.nowMs() - (this.#heard?.atMs ?? Number.NEGATIVE_INFINITY);
    if (this.holdsTerm || this.#syncing || silentMs < tuning.leaseMs) return;
    const { others } = peers;
    const peer = others[this.#nextPeer++ % others.length];
    if (peer !== undefined) await this.#catchUp([peer]);
  }

  async status(): Promise<GroupStatus> {
    const position = await this.site.inspect().catch(() => this.site.lastSeen);
    const { round, leaderId } = position?.capTerm ?? termZero;
    return {
      group: this.group,
      leading: this.leading,
      leaderId: this.leaderId,
      term: { round: round.toString(), leaderId },
      index: (position?.index ?? 0n).toString(),
      certifiedIndex: (this.site.certificate?.index ?? 0n).toString(),
      replicaIndex: this.site.tip.index.toString(),
    };
  }

  /** Asks `members` for their certificates and brings our site up to the newest of all. */
  async #catchUp(members: readonly number[]): Promise<void> {
    const asking = members.map(async (member) => {
      const position = await this.#context.peers.ask(member, { type: 'position', group: this.group }, 'position');
      if (position.certificate === undefined) return undefined;
      this.site.learn(position.certificate);
      return member;
    });
    const answers = await Promise.allSettled(asking);
    const informed = answers.flatMap((a) => (a.status === 'fulfilled' && a.value !== undefined ? [a.value] : []));
    const newest = this.site.certificate;
    if (this.#stopped) return;
    if (newest !== undefined && !this.site.holds(newest)) this.#sync(newest, informed[0]);
    else if (!this.holdsTerm) await this.site.lane.run(() => this.site.align());
  }

  /** Brings our site up to a certified position in the background, with a snapshot if need be. */
  #sync(certificate: QuorumCertificate, from: number | undefined): void {
    if (this.#syncing || this.#stopped) return;
    this.#syncing = true;
    this.#spawn('sync', async () => {
      try {
        const prefer = from === undefined ? [] : [from];
        await this.site.lane.run(async () => {
          await obtain(this.#context, this.site, certificate, { prefer, snapshot: true });
          await this.site.align();
        });
        this.#context.alarms.clear(this.group, 'missing-data');
      } catch (cause) {
        if (codeOf(cause) === 'missing-data') {
          this.#context.alarms.raise(
            this.group,
            'missing-data',
            certificate.index,
            'a certified entry is held by nobody reachable',
          );
        }
        throw cause;
      } finally {
        this.#syncing = false;
      }
    });
  }

  /** Our HSM has followed or promised somebody else: what it led is over. */
  #superseded(): void {
    this.#leadership?.end('fenced');
  }

  #ended(leadership: Leadership, reason: StepDownReason): void {
    if (this.#leadership !== leadership) return;
    this.#leadership = undefined;
    this.#context.ports.log({ type: 'stepped-down', group: this.group, reason });
    this.#lease.leadershipEnded(reason);
  }

  #spawn(during: string, task: () => Promise<void>): void {
    const running: Promise<void> = task()
      .catch((cause: unknown) => {
        if (!(cause instanceof AgentError && cause.code === 'stopped'))
          logError(this.#context, this.group, during, cause);
      })
      .finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }
}
