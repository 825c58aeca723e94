import type { HostRequest } from '@coffer/hsm';
import type { Cap, Signed } from '@coffer/protocol';
import { execute, newestEntry, openAndAdopt, release } from './commits.js';
import { last, type Move } from './field.js';

/**
 * Two histories, by two quorums that share as few members as they can: those who are put back, and if these are too few,
 * one more, who remembers. A guess is spent on either side.
 */
export const twoQuorums: Move = async (field) => {
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
      const capture: HostRequest = { type: 'capture', group, entries: host.path(entry, tip.index) };
      const answer = host.ask(member, capture);
      if (answer.type === 'captured') caps.push(answer.cap);
    }
    const certificate = last(host.certificates(group, quorum));
    if (caps.length >= quorum && certificate !== undefined) await release(field, t.leaderId, certificate);
  }
};
