import type { EntryHash, QuorumCertificate } from '@coffer/protocol';
import { openAndAdopt, openView, push, release } from './commits.js';
import { type Field, type Move, pickOr, recent, someGroup } from './field.js';

/** Promises for a new term, a competing one or an old one, the view, and its adoption by some: others stay behind. */
export function takeOver(field: Field): void {
  const { host, random } = field;
  const group = someGroup(field);
  const { topRound } = host.group(group);
  const leaderId = random.pick(host.members);
  const round = topRound + BigInt(random.pick([1, 1, 1, 1, 0, 2]));
  const count = random.chance(0.7) ? host.kit.fleet.quorum : random.integer(1, host.members.length);
  const voters = random.sample(host.members, random.chance(0.3) ? host.members.length : count);
  openAndAdopt(field, group, { round, leaderId }, voters, random.chance(0.7) ? voters : random.sample(voters, 1));
}

/** Somebody promises something, for nobody in particular. */
export const strayPromise: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const { topRound, nonces } = host.group(group);
  const round = BigInt(Math.max(0, Number(topRound) + random.integer(-2, 2)));
  const t = { round, leaderId: random.pick(host.members) };
  const nonce = pickOr(random, nonces) ?? new Uint8Array(32);
  host.ask(random.pick(host.members), { type: 'promise', group, t, nonce });
};

/** A view out of promises that were given at other times, for other terms, in other groups, or too few. */
export const splicedView: Move = (field) => {
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
export const oldView: Move = (field) => {
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
export const strayCapture: Move = (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const to = recent(random, [...host.group(group).entries.values()]);
  if (to?.signed === undefined) return;
  const member = random.pick(host.members);
  if (random.chance(0.6)) return push(field, group, member, to);
  host.ask(member, { type: 'capture', group: random.chance(0.9) ? group : 1 - group, entries: [to.signed] });
};

/** An entry that nobody signed: another root, other requests, another place. */
export const forgedEntry: Move = (field) => {
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
export const lateRelease: Move = async (field) => {
  const { host, random } = field;
  const certificate = recent(random, host.certificates(someGroup(field), host.kit.fleet.quorum));
  if (certificate !== undefined) await release(field, random.pick(host.members), certificate);
};

/** Certificates move an HSM forward, whenever it is shown one. */
export const hiddenJump: Move = (field) => {
  const { host, random } = field;
  const certificate = recent(random, host.certificates(someGroup(field), host.kit.fleet.quorum));
  if (certificate !== undefined) host.ask(random.pick(host.members), { type: 'jump', certificate });
};

/** Something like a certificate: too few, one member twice, a made-up signer, the caps of two positions. */
export const badCertificate: Move = async (field) => {
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
