import { hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type BatchItem,
  decodeHostRequest,
  encodeHostRequest,
  type HostReply,
  type HostRequest,
  type ReleasedEntry,
} from '@coffer/hsm';
import {
  type EntryHash,
  openReply,
  type QuorumCertificate,
  type RecordKey,
  recordKeyOf,
  replyPath,
  type SignedEntry,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { describeReply } from '../describe.js';
import type { FleetChecker } from '../fleet-checker.js';
import type { FleetKit } from '../fleet-kit.js';
import type { SeededRandom } from '../seeded-random.js';
import type { PowerCut } from '../sim-hsm.js';
import type { SimWorld } from '../sim-world.js';
import { GroupRecord, type KnownEntry } from './group-record.js';
import type { Outgoing } from './person.js';
import { disbelief, spliced } from './proofs.js';
import type { StoredState } from './stored-state.js';
import type { Victim } from './victim.js';

/** Frames that are kept for replays. */
const framesMax = 2_000;
/** Of the replies that arrive, how many with their proof and a spliced one: each costs a quorum of signature checks. */
const proofRate = 0.3;

/**
 * A host with every HSM of a fleet in its hands, and every byte that they ever said. Knows no rule but how to ask; whatever
 * it is told, the checkers hear as well.
 */
export class HostileHost {
  readonly world: SimWorld;
  readonly random: SeededRandom;
  readonly kit: FleetKit;
  readonly victims: readonly Victim[];
  readonly groups: readonly GroupRecord[];
  readonly requests: Outgoing[] = [];
  /** Of these, those that some HSM was given. */
  readonly operations = new Set<Outgoing>();
  readonly frames: Uint8Array[] = [];
  readonly #checker: FleetChecker;
  readonly #indexKey: Uint8Array;
  readonly #bySealed = new Map<string, Outgoing>();
  /** How often an HSM starts anew between two frames, beside what moves do: leaders, all others. */
  restartRates: readonly [number, number] = [0, 0];
  #ids = 0;
  #cuts = 0;
  readonly tally = { frames: 0, refused: 0, released: 0, heard: 0, proofs: 0, restarts: 0, restores: 0 };

  constructor(
    world: SimWorld,
    options: {
      readonly kit: FleetKit;
      readonly victims: readonly Victim[];
      readonly checker: FleetChecker;
    },
  ) {
    this.world = world;
    this.random = world.random.fork('host');
    this.kit = options.kit;
    this.victims = options.victims;
    this.#checker = options.checker;
    const { configHash, groups } = this.kit.fleet;
    this.groups = Array.from({ length: groups }, (_, group) => new GroupRecord(configHash, group));
    const described = this.ask(1, { type: 'describe' });
    if (described.type !== 'described') throw new Error('an HSM that does not say who it is');
    this.#indexKey = described.indexKey;
  }

  /** What was done to any HSM so far: frames, restarts, power cuts that wait for a write, old states. */
  get doings(): number {
    const { frames, restarts, restores } = this.tally;
    return frames + restarts + restores + this.#cuts;
  }

  /** The power fails at this member's next write. */
  cutPower(member: number, cut: PowerCut): void {
    this.#cuts++;
    this.victim(member).cutPower(cut);
  }

  group(group: number): GroupRecord {
    return this.groups[group] as GroupRecord;
  }

  victim(member: number): Victim {
    return this.victims[member - 1] as Victim;
  }

  get members(): readonly number[] {
    return this.victims.map(({ member }) => member);
  }

  recordKey({ vault }: Outgoing): RecordKey {
    return recordKeyOf(this.#indexKey, vault.vaultId);
  }

  known(group: number, hash: Uint8Array): KnownEntry | undefined {
    return this.group(group).known(hash);
  }

  /** A request leaves its sender: from now on it can be replayed for ever. */
  take(outgoing: Outgoing): Outgoing {
    this.requests.push(outgoing);
    this.#bySealed.set(hex(sha256(outgoing.sealed)), outgoing);
    return outgoing;
  }

  item(outgoing: Outgoing, state: StoredState): BatchItem {
    const { vault, sealed } = outgoing;
    return { vaultId: vault.vaultId, request: sealed, leaf: state.leaf(this.recordKey(outgoing)) };
  }

  ask(member: number, request: HostRequest): HostReply {
    return this.deliver(member, encodeHostRequest({ id: ++this.#ids, body: request }));
  }

  /** Any bytes at all to an HSM. Checks what it says, and remembers it. */
  deliver(member: number, frame: Uint8Array): HostReply {
    this.tally.frames++;
    if (this.frames.length < framesMax) this.frames.push(frame);
    else this.frames[this.random.integer(0, framesMax - 1)] = frame;
    const reply = this.victim(member).step(frame);
    const request = decoded(frame);
    if (request === undefined) {
      if (reply.type !== 'refused') this.world.violate('changed-by-refusal', `malformed, and answered ${reply.type}`);
      return reply;
    }
    if (reply.type === 'refused') this.tally.refused++;
    if (request.type === 'execute') this.#given(request.items);
    this.world.trace.add(`hsm${member}`, describeReply(request, reply));
    this.#checker.observe(member, request, reply);
    this.#learn(member, request, reply);
    this.#maybeRestart(member);
    return reply;
  }

  restart(member: number): void {
    this.tally.restarts++;
    this.world.trace.add(`hsm${member}`, 'restarts');
    this.victim(member).restart();
    this.#leadsNothing(member);
  }

  /** Puts an old state of this member back. */
  restore(member: number, at: number, state?: Uint8Array): void {
    this.tally.restores++;
    this.world.trace.add(`hsm${member}`, `is put back to state ${at}`);
    this.victim(member).restore(at, state);
    this.#checker.restored(member);
    this.#leadsNothing(member);
  }

  /** Every certificate that could be put together, however few its signers; hidden until somebody is shown it. */
  certificates(group: number, signersMin: number): QuorumCertificate[] {
    return this.group(group).certificates(signersMin);
  }

  /** Entries from just above index `from` up to `to`, oldest first, on `to`'s own branch. */
  path(to: KnownEntry, from: bigint): SignedEntry[] {
    const path: SignedEntry[] = [];
    for (let at: KnownEntry | undefined = to; at?.signed !== undefined && at.index > from; at = at.parent) {
      path.push(at.signed);
    }
    return path.reverse();
  }

  /** Hands released replies to those who asked. @param lossRate - of these, how many never arrive. */
  async hand(certificate: QuorumCertificate, released: readonly ReleasedEntry[], lossRate: number): Promise<void> {
    for (const { hash, replies } of released) {
      for (const [place, sender] of (this.known(certificate.group, hash)?.senders ?? []).entries()) {
        const reply = replies[place];
        if (sender === undefined || reply === undefined || this.random.chance(lossRate)) continue;
        if (this.random.chance(proofRate)) this.#prove(certificate, hash, replies, place);
        this.tally.heard++;
        await sender.sender.hear(sender, openReply(sender.vault, sender.open, reply));
      }
    }
  }

  /** That a client believes this reply with its proof, and none that is put together from other pieces. */
  #prove(certificate: QuorumCertificate, hash: EntryHash, replies: readonly Uint8Array[], place: number): void {
    const { group } = certificate;
    const [from, to] = [this.known(group, hash), this.known(group, certificate.hash)];
    if (from === undefined || to === undefined) return;
    const entries = this.path(to, from.index - 1n).map(({ entry }) => entry);
    const proof = { replyIndex: place, path: replyPath(replies, place), entries, certificate };
    const proven = { group, reply: replies[place] as Uint8Array, proof };
    const why = disbelief(this.kit.fleet, proven);
    if (why !== undefined) this.world.violate('wrong-outcome', `a committed reply that nobody believes: ${why}`);
    const others = this.certificates(group, this.kit.fleet.quorum);
    if (disbelief(this.kit.fleet, spliced(this.random, proven, others)) === undefined) {
      this.world.violate('wrong-outcome', 'a spliced proof was believed');
    }
    this.tally.proofs++;
  }

  #learn(member: number, request: HostRequest, reply: HostReply): void {
    switch (reply.type) {
      case 'promised':
        this.group(reply.promise.statement.group).learnPromise(member, reply.promise);
        return;
      case 'new-view':
        this.group(reply.view.statement.group).learnView(member, reply.view);
        this.group(reply.cap.statement.group).learnCap(reply.cap);
        return;
      case 'captured':
        this.group(reply.cap.statement.group).learnCap(reply.cap);
        return;
      case 'executed':
        if (request.type !== 'execute') return;
        this.group(request.group).learnEntry(member, request, reply, (sealed) => this.#senderOf(sealed));
        return;
      case 'released':
        this.tally.released += reply.entries.length;
        return;
    }
  }

  /** Requests of people that were in a batch for some HSM: what happened, and not what was only written. */
  #given(items: readonly BatchItem[]): void {
    for (const { request } of items) {
      const sender = this.#senderOf(request);
      if (sender !== undefined) this.operations.add(sender);
    }
  }

  #senderOf(sealed: Uint8Array): Outgoing | undefined {
    return this.#bySealed.get(hex(sha256(sealed)));
  }

  #leadsNothing(member: number): void {
    for (const group of this.groups) group.leadsNothing(member);
  }

  #maybeRestart(member: number): void {
    const isLeader = this.groups.some(({ leaders, candidates }) => leaders.has(member) || candidates.has(member));
    const rate = this.restartRates[isLeader ? 0 : 1];
    if (rate > 0 && this.random.chance(rate)) this.restart(member);
  }
}

function decoded(frame: Uint8Array): HostRequest | undefined {
  try {
    return decodeHostRequest(frame).body;
  } catch (cause) {
    if (cause instanceof WireError) return undefined;
    throw cause;
  }
}
