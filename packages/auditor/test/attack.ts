import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as auditor from '@coffer/auditor';
import { openAuditor } from '@coffer/auditor';
import { AttackCollector } from '../../hsm/test/attack-collector.js';
import { loadMutant } from './mutant.js';

/** What stops an attack, cut out: `find`, which stands once in the built `file`, becomes `replace`. */
export interface Safeguard {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** @returns whether the attack succeeded. */
export type Run = (open: typeof openAuditor) => Promise<boolean>;

export interface Attack {
  readonly name: string;
  readonly safeguard: Safeguard;
}

const collector = new AttackCollector<Attack>();

/** The attacks of the files that `load` imports, which then makes no tests of them. */
export const collectAttacks = (load: () => Promise<unknown>): Promise<readonly Attack[]> => collector.collect(load);

/**
 * Each attack runs against the built code, where it must fail, and against a copy without the safeguard, where it must
 * succeed: so none of them can pass for a wrong reason.
 */
export function attack(name: string, safeguard: Safeguard, run: Run): void {
  if (collector.takes([{ name, safeguard }])) return;
  test(`attack: ${name}`, async () => {
    assert.equal(await run(openAuditor), false, 'the attack succeeds');
    const mutant: typeof auditor = await loadMutant(safeguard.file, safeguard.find, safeguard.replace);
    assert.equal(await run(mutant.openAuditor), true, 'it fails without the safeguard, too');
  });
}
