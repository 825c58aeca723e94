import { documentOf, type Mutant, type Verdict } from './mutant.js';

export interface Report {
  readonly name: string;
  readonly rule: string;
  readonly keeps: readonly string[];
  readonly document: string;
  readonly killedBy: readonly string[];
  /** Of the tests, and of the seeded schedules, that were run, how many noticed. */
  readonly tests: { readonly killed: number; readonly of: number };
  readonly schedules: { readonly killed: number; readonly of: number };
}

/** Runs everything that should notice a mutant. */
export async function judge(mutant: Mutant): Promise<Report> {
  const verdicts: Verdict[] = [];
  for (const killer of mutant.killers) verdicts.push(await killer(mutant));
  const count = (kind: Verdict['kind']) => {
    const own = verdicts.filter((verdict) => verdict.kind === kind);
    const sum = (of: (verdict: Verdict) => number): number => own.reduce((all, one) => all + of(one), 0);
    return { killed: sum(({ killed }) => killed), of: sum((verdict) => verdict.of) };
  };
  return {
    name: mutant.name,
    rule: mutant.rule,
    keeps: mutant.keeps,
    document: documentOf(mutant),
    killedBy: verdicts.filter(({ killed }) => killed > 0).map(({ by }) => by),
    tests: count('test'),
    schedules: count('schedules'),
  };
}
