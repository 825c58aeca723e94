import { equalBytes } from '@coffer/base';
import { compareTerms, type QuorumCertificate, type Signed, type Term, type TermPromise } from '@coffer/protocol';
import { type Field, last } from './field.js';
import type { KnownEntry } from './group-record.js';
import type { HostileHost } from './hostile-host.js';
import type { Outgoing } from './person.js';

export function execute(
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

/** Pushes an entry to a member, with what its branch has above the member's own index. */
export function push(field: Field, group: number, member: number, to: KnownEntry): void {
  const { host } = field;
  const path = host.path(to, host.victim(member).heldIndex(group));
  host.ask(member, { type: 'capture', group, entries: path.slice(0, 64) });
}

export async function release(field: Field, member: number, certificate: QuorumCertificate): Promise<void> {
  const reply = field.host.ask(member, { type: 'release', certificate });
  if (reply.type === 'released') await field.host.hand(certificate, reply.entries, field.lossRate);
}

/** Has a leader execute on its tip and `members` capture, and fetches the replies if told to. */
export async function commit(
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
export async function spread(
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

export const newestEntry = (host: HostileHost, group: number): KnownEntry =>
  last(host.group(group).entries.values()) as KnownEntry;

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

/** Whether `a` is above `b`, as promises are compared. */
function isAbove(a: TermPromise, b: TermPromise): boolean {
  const terms = compareTerms(a.capTerm, b.capTerm);
  return terms > 0 || (terms === 0 && a.index > b.index);
}

export function openView(
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
