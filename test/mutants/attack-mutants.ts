import * as auditorAttack from '../../packages/auditor/test/attack.js';
import * as clientAttack from '../../packages/client/test/attack.js';
import { type Attack, collectAttacks } from '../../packages/hsm/test/attack.js';
import { byAttack, byClientAttack, byHostileHost, byTest } from './killers.js';
import type { Mutant, RuleId } from './mutant.js';
import { rulesOfAttacks } from './rules-of-attacks.js';

const hsmFiles = [
  'attacks-on-guesses',
  'attacks-on-grants',
  'attacks-on-identity',
  'attacks-on-bindings',
  'attacks-on-repetition',
  'attacks-on-agreement',
  'attacks-more',
  'attacks-on-leadership',
  'attacks-on-rollback',
  'attacks-on-birth',
];

/** A file is imported once, and so its attacks are collected once. */
const ofHsm = collectAttacks(async () => {
  for (const file of hsmFiles) await import(`../../packages/hsm/test/${file}.test.js`);
});
const ofAuditor = auditorAttack.collectAttacks(() => import('../../packages/auditor/test/attacks.test.js'));
const ofClient = clientAttack.collectAttacks(() => import('../../packages/client/test/attacks.test.js'));

/** Every named attack of the HSM's tests. */
export const hsmAttacks = (): Promise<readonly Attack[]> => ofHsm;

/** Every named attack of the client's tests. */
export const clientAttacks = (): Promise<readonly clientAttack.Attack[]> => ofClient;

/** Every named attack of the auditor's tests. */
export const auditorAttacks = (): Promise<readonly auditorAttack.Attack[]> => ofAuditor;

function rulesOf(name: string): readonly [RuleId, ...RuleId[]] {
  const rules = rulesOfAttacks[name];
  if (rules === undefined) throw new Error(`no rule is named for the attack: ${name}`);
  return rules;
}

/**
 * Each attack's own mutant: the program without the safeguard that stops it.
 * @param hostileSchedules - schedules of the hostile host that are played against each HSM as well.
 */
export async function attackMutants(hostileSchedules: number): Promise<Mutant[]> {
  const fromHsm = (await hsmAttacks()).map((attack): Mutant => {
    const keeps = rulesOf(attack.name);
    // The hostile host meets HSMs that are members already.
    const isMember = keeps[0] !== 'birth';
    const killers = [byAttack(attack), ...(isMember && hostileSchedules > 0 ? [byHostileHost(hostileSchedules)] : [])];
    return { name: attack.name, rule: attack.rule, keeps, patches: attack.without, killers };
  });
  const fromClient = (await clientAttacks()).map((attack): Mutant => {
    const patches = attack.without.map((patch) => ({ ...patch, file: `client/dist/${patch.file}` }));
    return {
      name: attack.name,
      rule: attack.rule,
      keeps: rulesOf(attack.name),
      patches,
      killers: [byClientAttack(attack)],
    };
  });
  const fromAuditor = (await auditorAttacks()).map(({ name, safeguard }): Mutant => {
    const patches = [{ ...safeguard, file: `auditor/dist/${safeguard.file}` }];
    // The attack's test expects that it fails on the built code, which here is the mutant.
    const killers = [byTest('packages/auditor/test/attacks.test.ts', `attack: ${name}`)];
    return { name, rule: 'the attack of this name', keeps: rulesOf(name), patches, killers };
  });
  return [...fromHsm, ...fromClient, ...fromAuditor];
}
