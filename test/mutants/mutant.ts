import type { Patch } from '../../packages/hsm/test/mutant.js';

/** What mutants are made for: a numbered rule of a specification, or a section of it. */
export type RuleId =
  | `${'protocol' | 'consensus' | 'transparency' | 'evidence' | 'audit'} ${string}`
  | 'birth'
  // Of the threat model: what a request may cost whoever receives it.
  | 'input';

/** In the order of the table. */
export const documents = {
  protocol: 'docs/spec/protocol.md',
  consensus: 'docs/spec/consensus.md',
  birth: 'docs/spec/birth.md',
  transparency: 'docs/spec/transparency.md',
  evidence: 'docs/spec/evidence.md',
  audit: 'docs/spec/audit.md',
  input: 'docs/threat-model.md',
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
  /** Files are below `packages/`, or begin with `apps/`. */
  readonly patches: readonly Patch[];
  readonly killers: readonly Killer[];
}

/** A patched file's path in the repository. */
export const pathOf = (file: string): string => (file.startsWith('apps/') ? file : `packages/${file}`);

/** The document that a mutant's rule is in. */
export function documentOf({ keeps }: Mutant): string {
  return documents[keeps[0].split(' ')[0] as keyof typeof documents];
}
