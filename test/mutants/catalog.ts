import { attackMutants, hsmAttacks } from './attack-mutants.js';
import { auditMutants } from './audit-mutants.js';
import { bundleMutants } from './bundle-mutants.js';
import { clientMutants } from './client-mutants.js';
import { coreMutants } from './core-mutants.js';
import { hostMutants } from './host-mutants.js';
import { logMutants } from './log-mutants.js';
import { moveMutants } from './move-mutants.js';
import type { Mutant } from './mutant.js';
import { newsMutants } from './news-mutants.js';
import { operatorMutants } from './operator-mutants.js';
import { rootMutants } from './root-mutants.js';
import { unfinishedMoveMutants } from './unfinished-move-mutants.js';
import { witnessMutants } from './witness-mutants.js';

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
    ...clientMutants(),
    ...bundleMutants(),
    ...rootMutants(),
    ...newsMutants(),
    ...moveMutants(),
    ...unfinishedMoveMutants(),
    ...logMutants(),
    ...witnessMutants(),
    ...operatorMutants(),
    ...auditMutants(),
  ];
}
