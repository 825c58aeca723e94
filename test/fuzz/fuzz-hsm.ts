import { equalBytes, hex } from '@coffer/base';
import {
  type BirthReply,
  type BirthRequest,
  decodeBirthReply,
  decodeHostReply,
  encodeBirthRequest,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
} from '@coffer/hsm';
import { groupOf } from '@coffer/protocol';
import type { SeededRandom } from '@coffer/testing';
import { Bench } from '../../packages/hsm/test/bench.js';
import { Nursery, type Unborn } from '../../packages/hsm/test/nursery.js';
import { VaultUser } from '../../packages/hsm/test/vault-user.js';
import { mutate } from './mutator.js';
import { FuzzFinding } from './target.js';

export interface HandlerReport {
  readonly inputs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

/** First byte of a promise, behind the frame's number. */
const promiseTag = 3;

/** Counts, and stops at the number of inputs that was asked for. */
class Tally {
  readonly outcomes: Record<string, number> = {};
  readonly findings: string[] = [];
  inputs = 0;

  note(outcome: string): void {
    this.inputs++;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }

  find(finding: FuzzFinding): void {
    if (this.findings.length < 100) this.findings.push(finding.message);
  }
}

/**
 * HSMs that get mutants of every frame before the frame itself, in the life of a fleet. No host input halts one, and
 * what is refused changes nothing: not what is persisted, not what the HSM says of itself.
 */
class FuzzedBench extends Bench {
  perFrame = 0;
  readonly #frames: Uint8Array[] = [];
  /** Bodies of those frames, in hexadecimal. */
  readonly #bodies = new Set<string>();

  constructor(
    seed: string,
    readonly random: SeededRandom,
    readonly tally: Tally,
  ) {
    super({ seed, groups: 1 });
  }

  override call(id: number, body: HostRequest): HostReply {
    const frame = encodeHostRequest({ id: 7, body });
    if (this.perFrame > 0) {
      this.#frames.push(frame);
      this.#bodies.add(hex(frame.subarray(4)));
      const seeds = [frame, frame, frame, this.random.pick(this.#frames)];
      for (let i = 0; i < this.perFrame; i++) this.#attempt(id, frame, mutate(this.random, seeds), body);
    }
    return super.call(id, body);
  }

  #attempt(id: number, real: Uint8Array, frame: Uint8Array, body: HostRequest): void {
    // What is another spelling of a request that is due would be granted; a signed base of a view is looked at by its hash.
    if (equalBytes(real.subarray(4), frame.subarray(4)) || isDue(body, frame, real)) return;
    // A promise would be granted, and end what the leader has under way; promises are fuzzed where they are due.
    if (frame[4] === promiseTag && body.type !== 'promise') return;
    const { hsm, nvram } = this.member(id);
    const stored = nvram.load() as Uint8Array;
    const before = this.#portrait(id);
    const [answer] = hsm.step([frame]);
    const reply = decodeHostReply(answer as Uint8Array).body;
    this.tally.note(reply.type === 'refused' ? reply.code : reply.type);
    if (hsm.halted) throw new FuzzFinding('hsm', frame, `halted: ${String(hsm.haltCause)}`, hsm.haltCause);
    // A promise is the one request that needs no proof. And a mutant may have become a whole frame that was sent to another
    // member: this one may then adopt the view, capture the entry or jump as well. The host undoes both.
    const isGranted = reply.type === 'captured' && this.#bodies.has(hex(frame.subarray(4)));
    if (reply.type === 'promised' || (isGranted && this.#portrait(id) !== before)) {
      nvram.persist(stored);
      this.restart(id);
      return;
    }
    const isRead = ['inspected', 'described', 'attested'].includes(reply.type);
    const isEmpty = reply.type === 'executed' && reply.entry === undefined;
    // An old frame once more, or one with other bytes that nobody looks at, may be captured or released again: nothing moves.
    const isAgain = reply.type === 'captured' || reply.type === 'released';
    if (reply.type !== 'refused' && !isRead && !isEmpty && !isAgain) {
      this.tally.find(new FuzzFinding('hsm', frame, `answered ${reply.type}`));
    }
    if (reply.type !== 'released' && this.#portrait(id) !== before) {
      this.tally.find(new FuzzFinding('hsm', frame, `changed with ${reply.type}`));
    }
  }

  #portrait(id: number): string {
    const { hsm, nvram } = this.member(id);
    const shown = hsm.step([encodeHostRequest({ id: 1, body: { type: 'inspect', group: 0 } })]);
    return `${hex(shown[0] as Uint8Array)} ${hex(nvram.load() ?? new Uint8Array())}`;
  }
}

/** A mutant that still is what the host may ask just now. */
function isDue(body: HostRequest, frame: Uint8Array, real: Uint8Array): boolean {
  if (body.type !== 'new-view' || body.base === undefined || frame.length !== real.length) return false;
  return equalBytes(frame.subarray(4, -64), real.subarray(4, -64));
}

/** Everything that a host asks of HSMs in the life of one account, with a change of leader and a jump. */
async function life(bench: FuzzedBench): Promise<void> {
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  const group = groupOf(ann.vaultId, bench.fleet.groups);
  await ann.register('right', { budgetMax: 3 });
  await ann.guess('wrong');
  await ann.unlock('right');
  bench.lead(2, [2, 3], group);
  const { entry, leaves } = bench.execute([bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)], { group });
  if (entry === undefined) throw new Error('nothing was executed');
  bench.apply(group, entry, leaves);
  bench.ask(1, 'captured', { type: 'jump', certificate: bench.commit(entry, [2, 3]).certificate });
  bench.lead(3, [1, 2, 3], group);
  ann.expect('erasure-receipt', { type: 'erase', version: 1 });
}

/** Gives the frame handler of HSMs about `inputs` mutated frames, in as many lives as it takes. */
export async function fuzzHsm(
  random: SeededRandom,
  inputs: number,
  perFrame: number,
  untilMs?: number,
): Promise<HandlerReport> {
  const tally = new Tally();
  for (let run = 1; tally.inputs < inputs && (untilMs === undefined || Date.now() < untilMs); run++) {
    const bench = new FuzzedBench(`fuzz ${random.u32()}`, random.fork(`life ${run}`), tally);
    bench.perFrame = perFrame;
    try {
      await life(bench);
    } catch (cause) {
      // A mutant that ended the life: a change that should not have been possible, told already, or a halt.
      tally.find(cause instanceof FuzzFinding ? cause : new FuzzFinding('hsm', new Uint8Array(), String(cause), cause));
    }
  }
  return tally;
}

/** The same for HSMs that wait for a fleet. A birth happens at most once, and only of a list that all its members signed. */
export function fuzzBirth(random: SeededRandom, inputs: number, perFrame: number, untilMs?: number): HandlerReport {
  const tally = new Tally();
  for (let run = 1; tally.inputs < inputs && (untilMs === undefined || Date.now() < untilMs); run++) {
    const nursery = new FuzzedNursery(random.fork(`birth ${run}`), tally, perFrame);
    const list = nursery.list();
    const made = nursery.generate(list);
    for (let id = 2; id <= 3; id++) nursery.accept(list, made, id);
  }
  return tally;
}

class FuzzedNursery extends Nursery {
  constructor(
    readonly random: SeededRandom,
    readonly tally: Tally,
    readonly perFrame: number,
  ) {
    super({ count: 3 });
  }

  override call(hsm: Unborn, body: BirthRequest): BirthReply {
    const frame = encodeBirthRequest({ id: 7, body });
    for (let i = 0; i < this.perFrame; i++) {
      const mutant = mutate(this.random, [frame]);
      if (equalBytes(mutant.subarray(4), frame.subarray(4))) continue;
      const before = hsm.nvram.load();
      const [answer] = hsm.birth.step([mutant]);
      const reply = decodeBirthReply(answer as Uint8Array).body;
      this.tally.note(reply.type === 'birth.refused' ? reply.code : reply.type);
      if (reply.type === 'birth.refused' && reply.code === 'halted') {
        throw new FuzzFinding('birth', mutant, 'halted');
      }
      if (reply.type === 'birth.generated' && before !== undefined) {
        // Another plan for the same signed list is the host's to choose, once. It takes that back here.
        hsm.nvram.persist(before);
        this.restart(hsm);
        continue;
      }
      if (reply.type !== 'birth.refused' && reply.type !== 'birth.described') {
        this.tally.find(new FuzzFinding('birth', mutant, `answered ${reply.type}`));
      }
      const after = hsm.nvram.load();
      if (before === undefined || after === undefined || !equalBytes(before, after)) {
        this.tally.find(new FuzzFinding('birth', mutant, `changed with ${reply.type}`));
      }
    }
    return super.call(hsm, body);
  }
}
