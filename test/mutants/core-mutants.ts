import type { Attack } from '../../packages/hsm/test/attack.js';
import { agreementMutants } from './agreement-mutants.js';
import { byAttack, byHostileHost } from './killers.js';
import type { Killer, Mutant } from './mutant.js';
import { vaultMutants } from './vault-mutants.js';

/** What kills mutants of an HSM. */
export interface CoreKillers {
  /** The attack of this name. */
  readonly named: (name: string) => Killer;
  readonly hostile: Killer;
}

/**
 * Mutants of HSM and protocol that no attack was written for: other ways to break the same rules, swapped orders, and rules
 * that need many steps to be missed.
 * @param schedules - of the hostile host, where it is the one that kills.
 */
export function coreMutants(attacks: readonly Attack[], schedules: number): Mutant[] {
  const named = (name: string): Killer => {
    const attack = attacks.find((each) => each.name === name);
    if (attack === undefined) throw new Error(`no such attack: ${name}`);
    return byAttack(attack);
  };
  const killers = { named, hostile: byHostileHost(Math.max(1, schedules)) };
  return [...agreementMutants(killers), ...vaultMutants(killers)];
}
