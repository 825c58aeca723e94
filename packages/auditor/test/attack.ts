import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as auditor from '@coffer/auditor';
import { openAuditor } from '@coffer/auditor';
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

let collected: Attack[] | undefined;

/** The attacks of the file that `load` imports, which then makes no tests of them. */
export async function collectAttacks(load: () => Promise<unknown>): Promise<readonly Attack[]> {
  const attacks: Attack[] = [];
  collected = attacks;
  try {
    await load();
  } finally {
    collected = undefined;
  }
  return attacks;
}

/**
 * Each attack runs against the built code, where it must fail, and against a copy without the safeguard, where it must
 * succeed: so none of them can pass for a wrong reason.
 */
export function attack(name: string, safeguard: Safeguard, run: Run): void {
  if (collected !== undefined) {
    collected.push({ name, safeguard });
    return;
  }
  test(`attack: ${name}`, async () => {
    assert.equal(await run(openAuditor), false, 'the attack succeeds');
    const mutant: typeof auditor = await loadMutant(safeguard.file, safeguard.find, safeguard.replace);
    assert.equal(await run(mutant.openAuditor), true, 'it fails without the safeguard, too');
  });
}
