import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, type BenchOptions, type Modules, RefusedError, realModules } from './bench.js';
import { loadMutant, type Patch } from './mutant.js';

/** What an attack gets: a way to make fleets from the code under test. */
export interface Ground {
  readonly modules: Modules;
  bench(options?: Omit<BenchOptions, 'modules'>): Bench;
}

export interface Attack {
  /** As docs/spec/protocol.md or docs/spec/consensus.md names it. */
  readonly name: string;
  /** The safeguard that stops it. */
  readonly rule: string;
  /** @returns whether the attacker got what it wanted. A refusal by an HSM counts as no. */
  readonly run: (ground: Ground) => Promise<boolean> | boolean;
  /** The safeguard, cut out. With these the attack must succeed, or the test proves nothing. */
  readonly without: readonly Patch[];
}

let collected: Attack[] | undefined;

/** The attacks of the files that `load` imports, which then makes no tests of them. */
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

/** Two tests for each: the attack fails on the shipped code, and succeeds where its rule is missing. */
export function testAttacks(attacks: readonly Attack[]): void {
  if (collected !== undefined) {
    collected.push(...attacks);
    return;
  }
  for (const attack of attacks) {
    test(`attack: ${attack.name}`, async () => {
      assert.equal(await succeeds(attack, realModules), false, `stopped by: ${attack.rule}`);
    });
    test(`attack: ${attack.name}, without its rule (${attack.rule})`, async () => {
      assert.equal(await succeeds(attack, await loadMutant(attack.name, attack.without)), true);
    });
  }
}

/** Whether the attacker gets what it wants from this code. */
export async function succeeds(attack: Attack, modules: Modules): Promise<boolean> {
  const ground: Ground = {
    modules,
    bench(options = {}) {
      return new Bench({ ...options, modules });
    },
  };
  try {
    return await attack.run(ground);
  } catch (cause) {
    if (cause instanceof RefusedError) return false;
    throw cause;
  }
}
