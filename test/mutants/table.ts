import { documents, type Mutant, type RuleId } from './mutant.js';

/** Rules and the mutants made for them, as docs/testing.md shows them: each mutant under every rule that it breaks. */
export function mutantTable(mutants: readonly Mutant[]): string {
  const rules = [...new Set(mutants.flatMap(({ keeps }) => keeps))].sort(byPlace);
  const rows = rules.map((rule) => {
    const names = mutants.filter(({ keeps }) => keeps.includes(rule)).map(({ name }) => name);
    return `| ${rule} | ${names.length} | ${names.join(' · ')} |`;
  });
  return ['| rule | mutants | |', '|---|---|---|', ...rows].join('\n');
}

/** By document, numbered rules first, then sections, each by number; rows of a section's table as they first come. */
function byPlace(a: RuleId, b: RuleId): number {
  const [x, y] = [a, b].map((rule) => {
    const [document = '', place = ''] = rule.split(' ');
    const numbers = place.replace('§', '').split('.').map(Number);
    return [Object.keys(documents).indexOf(document), place.startsWith('§') ? 1 : 0, ...numbers];
  }) as [number[], number[]];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const order = (x[i] ?? 0) - (y[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
