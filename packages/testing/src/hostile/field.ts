import type { SeededRandom } from '../seeded-random.js';
import type { HostileHost } from './hostile-host.js';
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

export type Move = (field: Field) => Promise<void> | void;

export const last = <T>(items: Iterable<T>): T | undefined => [...items].at(-1);
export const pickOr = <T>(random: SeededRandom, items: readonly T[]): T | undefined =>
  items.length === 0 ? undefined : random.pick(items);

/** A group, mostly one of two. */
export const someGroup = ({ host, random }: Field): number => random.integer(0, host.groups.length - 1);

/** One of the newest: old things are for replays, and are picked elsewhere. */
export const recent = <T>(random: SeededRandom, items: readonly T[]): T | undefined =>
  pickOr(random, random.chance(0.7) ? items.slice(-3) : items);

/** Requests for a batch of this group: new ones, or ones that were sent before. */
export function batch({ host, random, people }: Field, group: number): Outgoing[] {
  const here = people.filter((person) => person.group === group);
  const old = host.requests.filter((each) => each.group === group);
  const chosen = random.sample(here, random.integer(1, 2));
  const outgoing: Outgoing[] = [];
  for (const person of chosen) {
    // One for each vault: an HSM leaves the second out.
    if (outgoing.some(({ vault }) => vault === person.vault)) continue;
    const again = random.chance(0.2) ? pickOr(random, old) : undefined;
    const each = again ?? host.take(person.send());
    if (!outgoing.some(({ vault }) => vault === each.vault)) outgoing.push(each);
  }
  return outgoing;
}
