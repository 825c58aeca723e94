import { concat, equalBytes } from '@coffer/base';
import type { BatchItem, HostRequest } from '@coffer/hsm';
import {
  type Cap,
  compareTerms,
  type EntryHash,
  type QuorumCertificate,
  type Signed,
  sealedReplyBytes,
  type Term,
  type TermPromise,
} from '@coffer/protocol';
import type { SeededRandom } from '../seeded-random.js';
import { type HostileHost, isAbove, type KnownEntry } from './hostile-host.js';
import type { Outgoing, Person } from './person.js';

/** What a move works with. */
export interface Field {
  readonly host: HostileHost;
  readonly random: SeededRandom;
  readonly people: readonly Person[];
  /** Members whose old states may be put back. */
  readonly restored: readonly number[];
  /** Of released replies, how many never arrive. */
  readonly lossRate: number;
}

/** What a sealed request ends with: a padded plaintext and its tag, the same as in a reply after its nonce. */
const boxBytes = sealedReplyBytes - 32;

/** A registration of three messages, an unlock of two. */
const peacefulMessages = 5;

export type Move = (field: Field) => Promise<void> | void;

const last = <T>(items: Iterable<T>): T | undefined => [...items].at(-1);
const pickOr = <T>(random: SeededRandom, items: readonly T[]): T | undefined =>
  items.length === 0 ? undefined : random.pick(items);

/** A group, mostly one of two. */
const someGroup = ({ host, random }: Field): number => random.integer(0, host.groups.length - 1);

/** One of the newest: old things are for replays, and are picked elsewhere. */
const recent = <T>(random: SeededRandom, items: readonly T[]): T | undefined =>
  random.chance(0.7) ? last(items.slice(-3 + random.integer(0, 2))) : pickOr(random, items);

/** Requests for a batch of this group: new ones, or ones that were sent before. */
function batch({ host, random, people }: Field, group: number): Outgoing[] {
  const here = people.filter((person) => person.group === group);
  const old = host.requests.filter((each) => each.group === group);
  const chosen = random.sample(here, random.integer(1, 2));
  const outgoing = chosen.map((person) => (random.chance(0.2) && random.pick(old)) || host.take(person.send()));
  return outgoing.filter((each, i) => outgoing.findIndex(({ vault }) => vault === each.vault) === i);
}

function execute(
  field: Field,
  group: number,
  leader: number,
  term: Term,
  tip: KnownEntry,
  outgoing: readonly Outgoing[],
) {
  const { host } = field;
  const items = outgoing.map((each) => host.item(each, tip.state));
  const proof = tip.state.proof(outgoing.map((each) => host.recordKey(each)));
  return host.ask(leader, { type: 'execute', group, term, items, proof });
}

/** Pushes an entry with its branch to a member, from a little below where that member stands. */
function push(field: Field, group: number, member: number, to: KnownEntry): void {
  const { host } = field;
  const { index } = host.victim(member).position(group);
  host.ask(member, { type: 'capture', group, entries: host.path(to, index).slice(0, 64) });
}

async function release(field: Field, member: number, certificate: QuorumCertificate): Promise<void> {
  const reply = field.host.ask(member, { type: 'release', certificate });
  if (reply.type === 'released') await field.host.hand(certificate, reply.entries, field.lossRate);
}

/** Somebody who leads, or believes so, executes; some hear of it; the replies are fetched, or left for later. */
const serve: Move = async (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const leading = [...host.group(group).leaders].sort(([, a], [, b]) => compareTerms(a.term, b.term));
  const leader = random.chance(0.6) ? last(leading) : pickOr(random, leading);
  if (leader === undefined) return takeOver(field);
  const some = random.sample(host.members, random.integer(0, host.members.length));
  const members = random.chance(0.7) ? host.members : some;
  await commit(field, group, leader[0], batch(field, group), members, random.chance(0.8));
};

/** Several batches in flight: one of the lower ones is spread, and those above it are left where they are. */
const pipeline: Move = async (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const leader = pickOr(random, [...host.group(group).leaders.keys()]);
  if (leader === undefined) return;
  const tips: KnownEntry[] = [];
  for (let depth = random.integer(2, 3); depth > 0; depth--) {
    const { term, tip } = host.group(group).leaders.get(leader) ?? {};
    const outgoing = batch(field, group);
    if (term === undefined || tip === undefined || outgoing.length === 0) break;
    const reply = execute(field, group, leader, term, tip, outgoing);
    if (reply.type === 'executed' && reply.entry !== undefined) tips.push(newestEntry(host, group));
  }
  const entry = pickOr(random, tips);
  if (entry !== undefined) await spread(field, group, leader, host.members, random.chance(0.7), entry);
};

/** Has a leader execute on its tip and `members` capture, and fetches the replies if told to. */
async function commit(
  field: Field,
  group: number,
  leader: number,
  outgoing: readonly Outgoing[],
  members: readonly number[],
  isReleased: boolean,
): Promise<void> {
  const { host } = field;
  const leading = host.group(group).leaders.get(leader);
  if (leading === undefined || outgoing.length === 0) return;
  const reply = execute(field, group, leader, leading.term, leading.tip, outgoing);
  if (reply.type === 'executed' && reply.entry !== undefined) await spread(field, group, leader, members, isReleased);
}

/** An entry, the newest of all unless given, goes to `members`, and its replies to the people. */
async function spread(
  field: Field,
  group: number,
  leader: number,
  members: readonly number[],
  isReleased: boolean,
  entry: KnownEntry = newestEntry(field.host, group),
): Promise<void> {
  const { host } = field;
  for (const member of members) push(field, group, member, entry);
  const certificate = host.certificates(group, host.kit.fleet.quorum).find(({ hash }) => equalBytes(hash, entry.hash));
  if (isReleased && certificate !== undefined) await release(field, leader, certificate);
}

/** Before the attack: a leader for each group, and time for the people to register and to unlock once. */
export async function peace(field: Field): Promise<void> {
  const { host, people } = field;
  for (let group = 0; group < host.groups.length; group++) {
    const t = { round: 1n, leaderId: 1 + (group % host.members.length) };
    openAndAdopt(field, group, t, host.members, host.members);
    for (const person of people.filter((each) => each.group === group && each.isOwner)) {
      for (let message = 0; message < peacefulMessages; message++) {
        await commit({ ...field, lossRate: 0 }, group, t.leaderId, [host.take(person.send())], host.members, true);
      }
    }
  }
}

const newestEntry = (host: HostileHost, group: number): KnownEntry =>
  last(host.group(group).entries.values()) as KnownEntry;

/** Promises for a new term, a competing one or an old one, the view, and its adoption by some: others stay behind. */
function takeOver(field: Field): void {
  const { host, random } = field;
  const group = someGroup(field);
  const { topRound } = host.group(group);
  const leaderId = random.pick(host.members);
  const round = topRound + BigInt(random.pick([1, 1, 1, 1, 0, 2]));
  const count = random.chance(0.7) ? host.kit.fleet.quorum : random.integer(1, host.members.length);
  const voters = random.sample(host.members, random.chance(0.3) ? host.members.length : count);
  openAndAdopt(field, group, { round, leaderId }, voters, random.chance(0.7) ? voters : random.sample(voters, 1));
}

/** @returns whether the view was opened. */
export function openAndAdopt(
  field: Field,
  group: number,
  t: Term,
  voters: readonly number[],
  adopters: readonly number[],
): boolean {
  const { host, random } = field;
  const own = host.ask(t.leaderId, { type: 'promise', group, t, nonce: new Uint8Array(32) });
  if (own.type !== 'promised') return false;
  const { nonce } = own.promise.statement;
  const promises = [own.promise];
  for (const member of voters) {
    if (member === t.leaderId) continue;
    const reply = host.ask(member, { type: 'promise', group, t, nonce });
    if (reply.type === 'promised') promises.push(reply.promise);
  }
  return openView(field, group, t, random.sample(promises, promises.length), adopters);
}

function openView(
  field: Field,
  group: number,
  t: Term,
  promises: readonly Signed<TermPromise>[],
  adopters: readonly number[],
): boolean {
  const { host } = field;
  const greatest = promises.map(({ statement }) => statement).reduce((a, b) => (isAbove(b, a) ? b : a));
  const base = host.known(group, greatest.hash)?.signed;
  const reply = host.ask(t.leaderId, { type: 'new-view', group, t, promises, base });
  if (reply.type !== 'new-view') return false;
  for (const member of adopters) if (member !== t.leaderId) host.ask(member, { type: 'adopt', view: reply.view });
  return true;
}

/** Somebody promises something, for nobody in particular. */
const strayPromise: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const { topRound, nonces } = host.group(group);
  const round = BigInt(Math.max(0, Number(topRound) + random.integer(-2, 2)));
  const t = { round, leaderId: random.pick(host.members) };
  const nonce = pickOr(random, [...nonces.values()]) ?? new Uint8Array(32);
  host.ask(random.pick(host.members), { type: 'promise', group, t, nonce });
};

/** A view out of promises that were given at other times, for other terms, in other groups, or too few. */
const splicedView: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const { promises } = host.group(group);
  const own = recent(
    random,
    promises.filter(({ statement }) => statement.t.leaderId === statement.hsm),
  );
  if (own === undefined) return;
  const from = random.chance(0.2) ? host.groups.flatMap((each) => each.promises) : promises.slice(-12);
  const spliced = [own, ...random.sample(from, random.integer(0, host.members.length))];
  const isTwice = random.chance(0.3);
  openView(field, group, own.statement.t, isTwice ? [...spliced, own] : spliced, host.members);
};

/** A view of any age is shown to anybody, also to those who promised more since. */
const oldView: Move = (field) => {
  const { host, random } = field;
  const view = recent(random, host.group(someGroup(field)).views);
  if (view === undefined) return;
  const { statement, signature } = view;
  const { base, promises } = statement;
  const altered = random.pick([
    statement,
    statement,
    { ...statement, base: { ...base, index: base.index + 1n } },
    { ...statement, promises: promises.slice(1) },
    { ...statement, t: { ...statement.t, round: statement.t.round + 1n } },
  ]);
  host.ask(random.pick(host.members), { type: 'adopt', view: { statement: altered, signature } });
};

/** Any entry of any branch, whole branch or by itself, to anybody. */
const strayCapture: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const to = recent(random, [...host.group(group).entries.values()]);
  if (to?.signed === undefined) return;
  const member = random.pick(host.members);
  if (random.chance(0.6)) return push(field, group, member, to);
  host.ask(member, { type: 'capture', group: random.chance(0.9) ? group : 1 - group, entries: [to.signed] });
};

/** An entry that nobody signed: another root, other requests, another place. */
const forgedEntry: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const member = random.pick(host.members);
  const known = recent(random, [...host.group(group).entries.values()]);
  if (known?.signed === undefined) return;
  const { entry, signature } = known.signed;
  const other = random.pick(['root', 'requestsDigest', 'repliesRoot', 'leavesDigest'] as const);
  const { index, hash, capTerm } = host.victim(member).position(group);
  const onTop = { ...entry, term: capTerm, index: index + 1n, prevHash: hash };
  const forged = random.pick([{ ...onTop, [other]: new Uint8Array(32) }, onTop, { ...onTop, count: entry.count + 1 }]);
  host.ask(member, { type: 'capture', group, entries: [{ entry: forged, signature }] });
};

/** A certificate that was held back, shown to whoever may or may not have executed its entry. */
const lateRelease: Move = async (field) => {
  const { host, random } = field;
  const certificate = recent(random, host.certificates(someGroup(field), host.kit.fleet.quorum));
  if (certificate !== undefined) await release(field, random.pick(host.members), certificate);
};

const hiddenJump: Move = ({ host, random, ...field }) => {
  const group = someGroup({ host, random, ...field });
  const certificate = recent(random, host.certificates(group, host.kit.fleet.quorum));
  if (certificate !== undefined) host.ask(random.pick(host.members), { type: 'jump', certificate });
};

/** Something like a certificate: too few, one member twice, a made-up signer, the caps of two positions. */
const badCertificate: Move = async (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const { quorum } = host.kit.fleet;
  const all = host.certificates(group, 1);
  const lacking = all.filter(({ signatures }) => signatures.length < quorum);
  const few = recent(random, lacking.length > 0 && random.chance(0.7) ? lacking : all);
  const [own] = few?.signatures ?? [];
  if (few === undefined || own === undefined) return;
  const fill = quorum - few.signatures.length;
  const missing = host.members.filter((id) => few.signatures.every(({ hsm }) => hsm !== id));
  const added = (make: (i: number) => { hsm: number; signature: Uint8Array }) =>
    [...few.signatures, ...Array.from({ length: Math.max(1, fill) }, (_, i) => make(i))].sort((a, b) => a.hsm - b.hsm);
  const others = host.certificates(group, 1).flatMap(({ signatures }) => signatures);
  const certificate: QuorumCertificate = random.pick([
    few,
    { ...few, signatures: added(() => own) },
    { ...few, signatures: added((i) => ({ hsm: missing[i] ?? own.hsm, signature: own.signature })) },
    { ...few, signatures: added((i) => others.find(({ hsm }) => hsm === missing[i]) ?? own) },
    { ...few, term: { ...few.term, round: few.term.round + 1n } },
    { ...few, group: 1 - group },
    { ...few, index: few.index + 1n },
    { ...few, hash: (recent(random, [...host.group(group).entries.values()])?.hash ?? few.hash) as EntryHash },
  ]);
  const member = random.pick(host.members);
  if (random.chance(0.5)) await release(field, member, certificate);
  else host.ask(member, { type: 'jump', certificate });
};

/** A batch that no honest host would make: two for one record, an old leaf or proof, a hidden leaf, another's request. */
const badBatch: Move = async (field) => {
  const { host, random, people } = field;
  const group = someGroup(field);
  const leading = pickOr(random, [...host.group(group).leaders]);
  if (leading === undefined) return;
  const [leader, { term, tip }] = leading;
  const person = random.pick(people.filter((each) => each.group === group));
  const outgoing = host.take(person.guess());
  const old = pickOr(random, [...host.group(group).entries.values()])?.state ?? tip.state;
  const key = host.recordKey(outgoing);
  const item = host.item(outgoing, tip.state);
  const other = pickOr(random, host.requests) ?? outgoing;
  const [items, proof]: [BatchItem[], Uint8Array] = random.pick([
    [[item, host.item(host.take(person.guess()), tip.state)], tip.state.proof([key])],
    [[{ ...item, leaf: old.leaf(key) }], tip.state.proof([key])],
    [[host.item(outgoing, old)], old.proof([key])],
    [[{ ...item, leaf: undefined }], tip.state.proof([key])],
    [[{ ...item, request: other.sealed }], tip.state.proof([key])],
    [[{ ...item, request: splicedRequest(outgoing, other) }], tip.state.proof([key])],
    [[host.item(other, tip.state)], tip.state.proof([host.recordKey(other)])],
  ]);
  const reply = host.ask(leader, { type: 'execute', group, term, items, proof });
  if (reply.type !== 'executed' || reply.entry === undefined) return;
  await spread(field, group, leader, host.members, true);
};

/** The front of one request (its ticket or encapsulation) with the box of another. */
function splicedRequest(a: Outgoing, b: Outgoing): Uint8Array {
  return concat(a.sealed.subarray(0, -boxBytes), b.sealed.subarray(-boxBytes));
}

const restart: Move = ({ host, random }) => host.restart(random.pick(host.members));

const powerCut: Move = ({ host, random }) =>
  host.victim(random.pick(host.members)).cutPower(random.pick(['before-persist', 'after-persist']));

const restoreOld: Move = ({ host, random, restored }) => {
  const member = pickOr(random, restored);
  if (member === undefined) return;
  const { images } = host.victim(member);
  host.restore(member, random.chance(0.7) ? Math.max(0, images - random.integer(2, 5)) : random.integer(0, images - 1));
};

/** Any frame that any HSM ever got, with bits flipped, cut or prolonged. */
const mutatedFrame: Move = ({ host, random }) => {
  const frame = pickOr(random, host.frames)?.slice();
  if (frame === undefined) return;
  for (let flips = random.integer(0, 3); flips > 0; flips--) {
    // Most of a frame is sealed boxes; what an HSM decides on stands at its front.
    const at = random.integer(0, random.chance(0.6) ? Math.min(120, frame.length - 1) : frame.length - 1);
    frame[at] = (frame[at] as number) ^ (1 << random.integer(0, 7));
  }
  const sent = random.pick([frame, frame, frame.subarray(0, random.integer(0, frame.length)), concat(frame, frame)]);
  host.deliver(random.pick(host.members), sent);
};

/** Any frame again, to any HSM, and what comes of it goes where it would go. */
const replayedFrame: Move = async ({ host, random }) => {
  for (let count = random.integer(1, 4); count > 0; count--) {
    const frame = pickOr(random, random.chance(0.5) ? host.frames.slice(-30) : host.frames);
    if (frame !== undefined) host.deliver(random.pick(host.members), frame);
  }
};

/**
 * Two histories, by two quorums that share as few members as they can: those who are put back, and if these are too few,
 * one more, who remembers. A guess is spent on either side.
 */
const twoQuorums: Move = async (field) => {
  const { host, random, people, restored } = field;
  if (restored.length === 0) return;
  const { quorum } = host.kit.fleet;
  const outside = random.sample(
    host.members.filter((id) => !restored.includes(id)),
    host.members.length,
  );
  const fill = Math.max(1, quorum - restored.length);
  const sides = [outside.slice(0, fill), outside.slice(-fill)];
  const person = random.pick(people);
  const { group } = person;
  // A leader that was put back, of the same term, is the other way to do it.
  const saved: (readonly [number, Uint8Array])[] = [];
  for (const [turn, side] of sides.entries()) {
    const quorumOfSide = [...restored, ...side];
    const t = { round: host.group(group).topRound + 1n, leaderId: side[0] as number };
    if (turn === 1) for (const [member, state] of saved) host.restore(member, -1, state);
    if (!openAndAdopt(field, group, t, quorumOfSide, quorumOfSide)) return;
    if (turn === 0) for (const member of restored) saved.push([member, host.victim(member).save()]);
    const tip = host.group(group).leaders.get(t.leaderId)?.tip;
    if (tip === undefined) return;
    const reply = execute(field, group, t.leaderId, t, tip, [host.take(person.guess())]);
    if (reply.type !== 'executed' || reply.entry === undefined) return;
    const entry = newestEntry(host, group);
    const caps: Signed<Cap>[] = [];
    for (const member of quorumOfSide) {
      const captured: HostRequest = { type: 'capture', group, entries: host.path(entry, tip.index) };
      const answer = host.ask(member, captured);
      if (answer.type === 'captured') caps.push(answer.cap);
    }
    const certificate = last(host.certificates(group, quorum));
    if (caps.length >= quorum && certificate !== undefined) await release(field, t.leaderId, certificate);
  }
};

/** One vault, ground down: guesses, and between them what was sent for it before, all of it committed at once. */
const grind: Move = async (field) => {
  const { host, random, people } = field;
  const { group, vault } = random.pick(people);
  const guesser = random.pick(people.filter((each) => each.vault === vault));
  const leader = last([...host.group(group).leaders].sort(([, a], [, b]) => compareTerms(a.term, b.term)));
  if (leader === undefined) return;
  const old = host.requests.filter((each) => each.vault === vault);
  // What gives a budget back, if anything does.
  const giving = old.filter(({ request: { type } }) => type === 'recover.finish' || type === 'refill');
  for (let turn = 0; turn < 8; turn++) {
    const replayed = random.chance(0.7) ? recent(random, giving) : pickOr(random, old);
    const outgoing = turn % 2 === 0 || replayed === undefined ? host.take(guesser.guess()) : replayed;
    await commit(field, group, leader[0], [outgoing], host.members, true);
  }
};

/** Every kind of move, with its weight against the others. */
export const moves: Readonly<Record<string, readonly [weight: number, move: Move]>> = {
  serve: [10, serve],
  pipeline: [2, pipeline],
  'take over': [3, takeOver],
  'stray promise': [1, strayPromise],
  'spliced view': [2, splicedView],
  'old view': [2, oldView],
  'stray capture': [2, strayCapture],
  'forged entry': [1, forgedEntry],
  'late release': [2, lateRelease],
  'hidden jump': [2, hiddenJump],
  'bad certificate': [2, badCertificate],
  'bad batch': [3, badBatch],
  grind: [2, grind],
  restart: [1, restart],
  'power cut': [1, powerCut],
  'old state': [2, restoreOld],
  'two quorums': [1, twoQuorums],
  'mutated frame': [3, mutatedFrame],
  'replayed frame': [3, replayedFrame],
};
