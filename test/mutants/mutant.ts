import type { Patch } from '../../packages/hsm/test/mutant.js';

/** What mutants are made for: a numbered rule of a specification, or a section of it. */
export type RuleId = `protocol ${string}` | `consensus ${string}` | 'birth';

export const documents = {
  protocol: 'docs/spec/protocol.md',
  consensus: 'docs/spec/consensus.md',
  birth: 'docs/spec/birth.md',
} as const;

/** What one test, or a number of seeded schedules, said about a mutant. */
export interface Verdict {
  /** The test's name, or the violation with the kind of schedule. */
  readonly by: string;
  readonly kind: 'test' | 'schedules';
  readonly killed: number;
  readonly of: number;
}

/** Runs something that should fail for a mutant. */
export type Killer = (mutant: Mutant) => Promise<Verdict>;

/** A built program with one safety rule cut out, swapped or weakened. */
export interface Mutant {
  readonly name: string;
  /** The rule that is missing, in a few words. */
  readonly rule: string;
  /** The specifications' names for it, the nearest one first. */
  readonly keeps: readonly [RuleId, ...RuleId[]];
  /** Files are below `packages/`. */
  readonly patches: readonly Patch[];
  readonly killers: readonly Killer[];
}

/** The document that a mutant's rule is in. */
export function documentOf({ keeps }: Mutant): string {
  return documents[keeps[0].split(' ')[0] as keyof typeof documents];
}
