import type { Patch } from '../../packages/hsm/test/mutant.js';
import { byTest } from './killers.js';
import type { Mutant } from './mutant.js';

/** A mutant of one patch, which one test has to notice. */
export interface Cut extends Pick<Mutant, 'name' | 'rule' | 'keeps'>, Patch {
  /** Name of the test. */
  readonly test: string;
}

/** @param tests - the test file that all of them are in. */
export const cutMutants = (tests: string, cuts: readonly Cut[]): Mutant[] =>
  cuts.map(({ name, rule, keeps, file, find, replace, test }) => ({
    name,
    rule,
    keeps,
    patches: [{ file, find, replace }],
    killers: [byTest(tests, test)],
  }));
