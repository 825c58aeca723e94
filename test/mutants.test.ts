import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { patched } from '../packages/hsm/test/mutant.js';
import { auditorAttacks, clientAttacks, hsmAttacks } from './mutants/attack-mutants.js';
import { allMutants } from './mutants/catalog.js';
import { judge } from './mutants/judge.js';
import { byAttack, byHostileHost, bySimulator, byTest } from './mutants/killers.js';
import { type Mutant, pathOf, type RuleId } from './mutants/mutant.js';
import { rulesOfAttacks } from './mutants/rules-of-attacks.js';
import { mutantTable } from './mutants/table.js';

/** The catalogue of mutants is whole, and what kills them would not kill a program without a fault. */

const root = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const mutants = await allMutants(1);

/** How many numbered rules a section of a specification has. */
function rulesIn(document: string, heading: string): number {
  const [, section = ''] = textOf(document).split(`\n## ${heading}\n`);
  return [...(section.split('\n## ')[0] ?? '').matchAll(/^(\d+)\. /gm)].length;
}

test('every numbered rule of both specifications has a mutant', () => {
  const numbered = [
    ['protocol', rulesIn('docs/spec/protocol.md', '9. Rules that safety rests on'), 8],
    ['consensus', rulesIn('docs/spec/consensus.md', '3. Rules of an HSM'), 10],
  ] as const;
  for (const [document, count, known] of numbered) {
    assert.equal(count, known, `rules of ${document}.md`);
    for (let rule = 1; rule <= count; rule++) {
      const id: RuleId = `${document} ${rule}`;
      assert.ok(
        mutants.some(({ keeps }) => keeps.includes(id)),
        id,
      );
    }
  }
  // Commit proofs and a client's duties are numbered too.
  for (const id of ['protocol §10', ...[1, 2, 3, 4, 5, 6, 7, 8, 10].map((duty) => `protocol §14.${duty}`)]) {
    assert.ok(
      mutants.some(({ keeps }) => keeps.includes(id as RuleId)),
      id,
    );
  }
});

/** The codes of each row of the table in a section of a specification. */
function rowsIn(document: string, heading: string, codesIn: (cells: readonly string[]) => string): string[][] {
  const [, section = ''] = textOf(document).split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return rows
    .slice(1)
    .map((row) => [...codesIn(row.split('|').slice(1, -1)).matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code));
}

test('every code by which a client refuses a bundle has a mutant', () => {
  const rows = rowsIn('docs/spec/transparency.md', '8. Validation bundle', (cells) => cells[2] ?? '');
  assert.equal(rows.length, 9);
  for (const code of rows.flat()) {
    const id: RuleId = `transparency §8 ${code}`;
    assert.ok(
      mutants.some(({ keeps }) => keeps.includes(id)),
      id,
    );
  }
});

test('every row of an audit’s doubts has a mutant, but those of form and silence', () => {
  const rows = rowsIn('docs/spec/audit.md', '2. Doubts', ([first = '']) => first);
  assert.equal(rows.length, 22);
  const isCut = (code: string): boolean => mutants.some(({ keeps }) => keeps.includes(`audit §2 ${code}`));
  const without = rows.filter((codes) => !codes.some(isCut));
  assert.deepEqual(without, [['unreachable'], ['missing', 'too-large'], ['leaf-form']]);
});

test('every check of the auditor before it signs and logs, and every step of a move, has a mutant', () => {
  const rows = rowsIn('docs/spec/transparency.md', "11. The auditor's HTTP API", (cells) => cells[1] ?? '');
  const checks = rows.filter((codes) => codes.length > 0 && !codes.includes('bad-artifact'));
  assert.equal(checks.length, 13);
  for (const codes of checks) {
    const isCut = (code: string): boolean => mutants.some(({ keeps }) => keeps.includes(`transparency §11 ${code}`));
    assert.ok(codes.some(isCut), codes.join());
  }
  for (let step = 1; step <= 5; step++) {
    const id: RuleId = `transparency §9.${step}`;
    assert.ok(
      mutants.some(({ keeps }) => keeps.includes(id)),
      id,
    );
  }
});

test('at least sixty mutants, each with its own name, and something that should kill it', () => {
  assert.ok(mutants.length >= 60, String(mutants.length));
  assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length);
  for (const { name, killers, patches } of mutants) assert.ok(killers.length > 0 && patches.length > 0, name);
});

test('every patch applies to the built code, in exactly one place', () => {
  for (const { name, patches } of mutants) {
    for (const file of new Set(patches.map((patch) => patch.file))) {
      const own = patches.filter((patch) => patch.file === file);
      assert.doesNotThrow(() => patched(textOf(pathOf(file)), own), name);
      // Patches are written for the code as it is: each must change it.
      assert.notEqual(patched(textOf(pathOf(file)), own), textOf(pathOf(file)), name);
    }
  }
});

test('every named attack has its rule, and the list names no attack that is not there', async () => {
  const attacks = [...(await hsmAttacks()), ...(await clientAttacks()), ...(await auditorAttacks())];
  const names = attacks.map(({ name }) => name);
  assert.ok(names.length >= 30);
  assert.deepEqual(Object.keys(rulesOfAttacks).sort(), [...names].sort());
});

test('the attacks that the protocol was designed against are all among them', async () => {
  const names = [...(await hsmAttacks()), ...(await clientAttacks())].map(({ name }) => name);
  const designed = [
    'replayed refill',
    'delayed refill',
    'silent refill after foreign failures',
    '1,000 KE1s for one vault in one batch',
    "one account's token with another's vault",
    'one vault in two groups',
    'finish replayed after erase',
    'finish replayed after lock-out',
    'confirm replayed after erase',
    'confirm replayed after lock-out',
    'false erasure receipt after a new confirm',
    "old password's KE1, ticket and KE3 replayed after rotation",
    'replayed request, same reply key',
    'ticket of another type',
    'ticket of another fleet',
    'ticket of another group',
    'ticket of another version',
    'recorded erase against a later vault',
    'confirm replayed',
    'two leaders evaluating one KE1',
    'lost reply to register.finish, executed again by another HSM',
    'lost reply to register.confirm, executed again by another HSM',
    'lost reply to recover.finish, executed again by another HSM',
    'lost reply to erase, executed again by another HSM',
    'lost reply charged twice',
    'attemptId collision',
    'staging fleet with shared signers',
    'budget at 0',
    'budget at 1',
    'a budget above the limit',
    'downgrade of KSF parameters',
  ];
  // Not an attack by itself: packages/hsm/test/operations.test.ts has it.
  const elsewhere = ['budget at 1'];
  assert.deepEqual(
    designed.filter((name) => !names.includes(name)),
    elsewhere,
  );
});

test('docs/testing.md has the table of rules and mutants', () => {
  assert.ok(textOf('docs/testing.md').includes(mutantTable(mutants)), 'npm run mutants -- --table');
});

/** A patch that changes only a comment's place: no fault at all. */
const harmless = (file: string, find: string): Mutant['patches'] => [{ file, find, replace: `/* the same */ ${find}` }];

test('a program without a fault survives every kind of test: what kills mutants can also say no', async () => {
  const attack = (await hsmAttacks()).find(({ name }) => name === 'guessing without end');
  assert.ok(attack);
  const mutant = (name: string, patches: Mutant['patches'], killer: Mutant['killers'][0]): Mutant => ({
    name,
    rule: 'none',
    keeps: ['protocol 1'],
    patches,
    killers: [killer],
  });
  const recover = harmless('hsm/dist/vault/recover.js', 'if (budgetOf(record) === 0)');
  const collector = harmless('agent/dist/cap-collector.js', 'verifyCap(this.#fleet, cap);');
  const parts = 'cap collector: a quorum with our own, and no forged cap among them';
  const calm = { seed: 'calm', sites: 1, groups: 1, accounts: 1, calls: 1, faults: {} };
  const survivors = [
    mutant('none, attacked', recover, byAttack(attack)),
    mutant('none, hostile host', recover, byHostileHost(1, { sites: 3, rollbackTolerance: 0, moves: 5 })),
    mutant('none, test', collector, byTest('packages/agent/test/parts.test.ts', parts)),
    mutant('none, simulator', collector, bySimulator([calm])),
  ];
  for (const each of survivors) {
    const { name, killedBy, tests, schedules } = await judge(each);
    assert.deepEqual(killedBy, [], name);
    assert.equal(tests.of + schedules.of, 1, name);
  }
  // And the same killer, over a fault.
  const forged = { file: 'agent/dist/cap-collector.js', find: 'verifyCap(this.#fleet, cap);', replace: '' };
  const killed = mutant('a fault, test', [forged], byTest('packages/agent/test/parts.test.ts', parts));
  assert.equal((await judge(killed)).tests.killed, 1);
});
