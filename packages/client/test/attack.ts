import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from '@coffer/client';
import type { Sdk } from './harness.js';
import { mutantClient, type Patch } from './mutant.js';

export interface Attack {
  /** As docs/spec/protocol.md names it, where it does. */
  readonly name: string;
  /** The duty of a client that stops it. */
  readonly rule: string;
  /** @returns whether the attacker got what it wanted. */
  readonly run: (sdk: Sdk) => Promise<boolean>;
  /** The duty, cut out. With these the attack must succeed, or the test proves nothing. */
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

/** Two tests for each: the attack fails on the shipped client, and succeeds where its duty is missing. */
export function testAttacks(attacks: readonly Attack[]): void {
  if (collected !== undefined) {
    collected.push(...attacks);
    return;
  }
  for (const { name, rule, run, without } of attacks) {
    test(`attack: ${name}`, async () => {
      assert.equal(await run(client), false, `stopped by: ${rule}`);
    });
    test(`attack: ${name}, without its rule (${rule})`, async () => {
      assert.equal(await run(await mutantClient(name, without)), true);
    });
  }
}
