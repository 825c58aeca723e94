import { commit, openAndAdopt } from './commits.js';
import type { Field } from './field.js';
import type { Person } from './person.js';

/** A registration of three messages, an unlock of two. */
const peacefulMessages = 5;

/**
 * Before the attack: a leader for each group, and time for the people to register and to unlock once. A host that never lets
 * anybody register has nothing to steal.
 */
export async function peace(field: Field): Promise<void> {
  const { host, people } = field;
  for (let group = 0; group < host.groups.length; group++) {
    const t = { round: 1n, leaderId: 1 + (group % host.members.length) };
    openAndAdopt(field, group, t, host.members, host.members);
    for (const together of turns(people.filter((each) => each.group === group && each.isOwner))) {
      for (let message = 0; message < peacefulMessages; message++) {
        const outgoing = together.map((person) => host.take(person.send()));
        await commit({ ...field, lossRate: 0 }, group, t.leaderId, outgoing, host.members, true);
      }
    }
  }
}

/** First one person of each vault, then those who share one: a batch has one request for a vault. */
function turns(people: readonly Person[]): readonly Person[][] {
  const isFirst = (person: Person, at: number) => people.findIndex(({ vault }) => vault === person.vault) === at;
  return [people.filter(isFirst), people.filter((person, at) => !isFirst(person, at))];
}
