import { concat } from '@coffer/base';
import type { BatchItem } from '@coffer/hsm';
import { sealedReplyBytes } from '@coffer/protocol';
import { takeOver } from './agreement-moves.js';
import { commit, execute, newestEntry, spread } from './commits.js';
import { batch, type Move, pickOr, recent, someGroup } from './field.js';
import type { KnownEntry } from './group-record.js';
import type { Outgoing } from './person.js';

/** What a sealed request ends with: a padded plaintext and its tag, the same as in a reply after its nonce. */
const boxBytes = sealedReplyBytes - 32;

/** Somebody who leads, or believes so, executes; some hear of it; the replies are fetched, or left for later. */
export const serve: Move = async (field) => {
  const { host, random } = field;
  const group = someGroup(field);
  const { leaders, newestLeader } = host.group(group);
  const leader = random.chance(0.6) ? newestLeader : pickOr(random, [...leaders.keys()]);
  if (leader === undefined) return takeOver(field);
  const some = random.sample(host.members, random.integer(0, host.members.length));
  const members = random.chance(0.7) ? host.members : some;
  await commit(field, group, leader, batch(field, group), members, random.chance(0.8));
};

/** Several batches in flight: one of the lower ones is spread, and those above it are left where they are. */
export const pipeline: Move = async (field) => {
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

/** A batch that no honest host would make: two for one record, an old leaf or proof, a hidden leaf, another's request. */
export const badBatch: Move = async (field) => {
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
  const proven = (...items: BatchItem[]): [BatchItem[], Uint8Array] => [items, tip.state.proof([key])];
  const [items, proof] = random.pick<() => [BatchItem[], Uint8Array]>([
    () => proven(item, host.item(host.take(person.guess()), tip.state)),
    () => proven({ ...item, leaf: old.leaf(key) }),
    () => [[host.item(outgoing, old)], old.proof([key])],
    () => proven({ ...item, leaf: undefined }),
    () => proven({ ...item, request: other.sealed }),
    () => proven({ ...item, request: splicedRequest(outgoing, other) }),
    () => [[host.item(other, tip.state)], tip.state.proof([host.recordKey(other)])],
  ])();
  const reply = host.ask(leader, { type: 'execute', group, term, items, proof });
  if (reply.type !== 'executed' || reply.entry === undefined) return;
  await spread(field, group, leader, host.members, true);
};

/** The front of one request (its ticket or encapsulation) with the box of another. */
function splicedRequest(a: Outgoing, b: Outgoing): Uint8Array {
  return concat(a.sealed.subarray(0, -boxBytes), b.sealed.subarray(-boxBytes));
}

/** One vault, ground down: guesses, and between them what was sent for it before, all of it committed at once. */
export const grind: Move = async (field) => {
  const { host, random, people } = field;
  const { group, vault } = random.pick(people);
  const guesser = random.pick(people.filter((each) => each.vault === vault));
  const leader = host.group(group).newestLeader;
  if (leader === undefined) return;
  const old = host.requests.filter((each) => each.vault === vault);
  // What gives a budget back, if anything does.
  const giving = old.filter(({ request: { type } }) => type === 'recover.finish' || type === 'refill');
  for (let turn = 0; turn < 8; turn++) {
    const replayed = random.chance(0.7) ? recent(random, giving) : pickOr(random, old);
    const outgoing = turn % 2 === 0 || replayed === undefined ? host.take(guesser.guess()) : replayed;
    await commit(field, group, leader, [outgoing], host.members, true);
  }
};
