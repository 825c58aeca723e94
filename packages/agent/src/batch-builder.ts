import { type BatchItem, type HostReply, proofBytesMax } from '@coffer/hsm';
import { type Cap, entryHash, type Signed, type Term } from '@coffer/protocol';
import type { CallQueue, WaitingCall } from './call-queue.js';
import { type AgentContext, logError, toLedger } from './context.js';
import { AgentError } from './errors.js';
import type { StepDownReason } from './events.js';
import type { LogPosition } from './peer-messages.js';
import { isSame, type Site } from './site.js';
import { type LogEntry, ledgerRow, newLogEntry } from './stored-entry.js';

/** Tries of one append whose outcome is not known; a repeated one that had worked is answered `appended`. */
const appendTries = 2;

/** What became of a batch. */
export type BuiltBatch =
  /** `captured`: our HSM's capture, which is on its way. */
  | { readonly type: 'stored'; readonly captured: Promise<{ readonly cap: Signed<Cap> }> }
  /** None of its calls opened. */
  | { readonly type: 'nothing' }
  | { readonly type: 'ended'; readonly reason: StepDownReason };

/** Who a batch is built for. */
export interface BatchOwner {
  /** Whether the term still goes on; asked again after every wait. */
  isActive(): boolean;
  /** The entry is appended and stored, and nobody has captured it yet. @param calls - by the place of their reply. */
  stored(entry: LogEntry, calls: ReadonlyMap<number, WaitingCall>): void;
}

type Executed = Extract<HostReply, { type: 'executed' }>;

/**
 * Makes entries of waiting calls: proof, execution, ledger, replica, own capture, strictly in this order, one batch at a
 * time. Quorums are somebody else's concern, so that the next batch can be built while this one waits for its own.
 */
export class BatchBuilder {
  readonly #context: AgentContext;
  readonly #site: Site;
  readonly #term: Term;
  #tip: LogPosition;

  constructor(context: AgentContext, site: Site, term: Term, base: LogPosition) {
    this.#context = context;
    this.#site = site;
    this.#term = term;
    this.#tip = { index: base.index, hash: base.hash };
  }

  /** Newest entry that is appended and stored. */
  get tip(): LogPosition {
    return this.#tip;
  }

  /** Builds one batch of what waits. Calls that cannot be executed now are answered. */
  async build(queue: CallQueue, owner: BatchOwner): Promise<BuiltBatch> {
    const calls = queue.take(this.#context.tuning.batchRequests);
    let batch: BuiltBatch;
    try {
      batch = await this.#build(calls, queue, owner);
    } catch (cause) {
      logError(this.#context, this.#site.group, 'batch', cause);
      batch = { type: 'ended', reason: reasonOf(cause) };
    }
    if (batch.type === 'ended') {
      // Nothing of it was released, and every operation may be executed again.
      const { retryAfterMs } = this.#context.tuning;
      for (const call of calls) call.answer({ type: 'unavailable', retryAfterMs });
    }
    return batch;
  }

  async #build(taken: readonly WaitingCall[], queue: CallQueue, owner: BatchOwner): Promise<BuiltBatch> {
    const done = await this.#site.lane.run(() => this.#execute(taken, queue, owner));
    if (done === undefined) return { type: 'ended', reason: 'fenced' };
    const { calls, reply } = done;
    const answered = placed(calls, reply);
    if (reply.entry === undefined) return { type: 'nothing' };
    const entry = newLogEntry(reply.entry, entryHash(reply.entry.entry), reply.leaves);

    // Append before capture: a capture that the ledger does not know would have to be put back from this one site.
    const outcome = await this.#append(entry);
    if (outcome !== 'appended') return { type: 'ended', reason: outcome === 'fenced' ? 'fenced' : 'conflict' };
    return this.#site.lane.run(async () => {
      if (!owner.isActive()) return { type: 'ended', reason: 'fenced' };
      // Data before capture: stored durably when this returns, and the capture is asked for in the same breath.
      this.#site.store([entry]);
      this.#tip = { index: entry.signed.entry.index, hash: entry.hash };
      owner.stored(entry, answered);
      return { type: 'stored', captured: this.#site.captureOwn(entry) };
    });
  }

  async #execute(
    taken: readonly WaitingCall[],
    queue: CallQueue,
    owner: BatchOwner,
  ): Promise<{ readonly calls: readonly WaitingCall[]; readonly reply: Executed } | undefined> {
    if (!owner.isActive()) return undefined;
    const { group } = this.#site;
    if (!isSame(this.#tip, this.#site.tip)) throw new AgentError('missing-data', 'the replica is not at our tip');
    const { calls, record } = this.#proven(taken, queue);
    const items: BatchItem[] = calls.map(({ vaultId, request }, i) => ({ vaultId, request, leaf: record.leaves[i] }));
    const reply = await this.#context.hsm.demand<'execute'>({
      type: 'execute',
      group,
      term: this.#term,
      items,
      proof: record.proof,
    });
    return { calls, reply };
  }

  /** As many of the calls as fit one proof; the others go back to the queue. */
  #proven(taken: readonly WaitingCall[], queue: CallQueue) {
    const { replica } = this.#context.ports;
    for (let count = taken.length; ; count = Math.ceil(count / 2)) {
      const calls = taken.slice(0, count);
      const record = replica.proof(
        this.#site.group,
        calls.map(({ recordKey }) => recordKey),
      );
      if (record.proof.length > proofBytesMax && count > 1) continue;
      if (count < taken.length) queue.putBack(taken.slice(count));
      return { calls, record };
    }
  }

  async #append(entry: LogEntry): Promise<'appended' | 'fenced' | 'conflict'> {
    const { ledger } = this.#context.ports;
    for (let tries = 1; ; tries++) {
      try {
        return await toLedger(
          this.#context,
          ledger.append(this.#site.group, this.#term, this.#tip, [ledgerRow(entry)]),
        );
      } catch (cause) {
        if (tries >= appendTries) throw new AgentError('ledger-unavailable', 'cannot append', { cause });
      }
    }
  }
}

/** Answers the calls that did not open; the others by the place of their reply in the entry. */
function placed(calls: readonly WaitingCall[], { places }: Executed): Map<number, WaitingCall> {
  const byPlace = new Map<number, WaitingCall>();
  calls.forEach((call, i) => {
    const place = places[i];
    if (place === undefined) call.answer({ type: 'bad-request' });
    else byPlace.set(place, call);
  });
  return byPlace;
}

/** Why a leader whose work fails like this steps down. */
export function reasonOf(cause: unknown): StepDownReason {
  if (!(cause instanceof AgentError)) return 'replica';
  if (cause.code === 'ledger-unavailable') return 'ledger';
  return cause.code === 'missing-data' ? 'replica' : 'hsm';
}
