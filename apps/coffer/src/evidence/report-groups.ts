import type { ReportItem } from '@coffer/evidence';

/** Items that answer one question. */
export interface ReportGroup {
  readonly title: string;
  /** What they are about, in a sentence. */
  readonly about: string;
  readonly items: readonly ReportItem[];
}

const groups: readonly (Omit<ReportGroup, 'items'> & { readonly kinds: readonly string[] })[] = [
  { title: 'The set', about: 'Whether this is the evidence that was asked for.', kinds: ['index'] },
  {
    title: 'Configuration',
    about: 'How many HSMs have to agree, and that nobody’s key was slipped in.',
    kinds: ['descriptor', 'config', 'exact-match'],
  },
  {
    title: 'Program',
    about: 'Whether what the HSMs run was built from public source.',
    kinds: ['source', 'build', 'rebuild', 'rebuilds'],
  },
  { title: 'HSMs', about: 'Whether keys were made inside, cannot be taken out, and are held now.', kinds: ['member'] },
  {
    title: 'Guess limit',
    about: 'Whether each HSM counted wrong guesses down to none and then refused the right one.',
    kinds: ['self-test', 'transcript'],
  },
  {
    title: 'Ceremony',
    about: 'Whether all was done in order, before those who had to be there, and recorded.',
    kinds: ['ceremony', 'media'],
  },
];

/** Items in the order in which people ask about them; none is left out. */
export function reportGroups(items: readonly ReportItem[]): readonly ReportGroup[] {
  const known = new Set(groups.flatMap(({ kinds }) => kinds));
  const found = groups.map(({ title, about, kinds }) => ({
    title,
    about,
    items: items.filter(({ kind }) => kinds.includes(kind)),
  }));
  const others = items.filter(({ kind }) => !known.has(kind));
  const rest = { title: 'Other', about: 'What no set of evidence should have.', items: others };
  return [...found, rest].filter((group) => group.items.length > 0);
}
