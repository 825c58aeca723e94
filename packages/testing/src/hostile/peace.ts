import { commit, openAndAdopt } from './commits.js';
import type { Field } from './field.js';

/** A registration of three messages, an unlock of two. */
const peacefulMessages = 5;

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
