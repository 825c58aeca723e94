import { attackMutants, hsmAttacks } from './attack-mutants.js';
import { coreMutants } from './core-mutants.js';
import { hostMutants } from './host-mutants.js';
import type { Mutant } from './mutant.js';

/**
 * Every mutant.
 * @param hostileSchedules - schedules of the hostile host against each HSM that is a mutant; at least one for those that it
 *   alone kills.
 */
export async function allMutants(hostileSchedules: number): Promise<readonly Mutant[]> {
  return [
    ...(await attackMutants(hostileSchedules)),
    ...coreMutants(await hsmAttacks(), Math.max(hostileSchedules, 6)),
    ...hostMutants(),
  ];
}
