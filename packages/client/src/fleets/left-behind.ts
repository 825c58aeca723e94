import { equalBytes, zero } from '@coffer/base';
import { isRetryable } from '../answers.js';
import { ClientError } from '../errors.js';
import type { VaultPlace } from './device-state.js';
import { type FleetsSession, isFleet } from './fleets-session.js';
import type { UnlockedVault } from './moving.js';

/**
 * Copies of a vault on other fleets, left there by a device that moved it and was lost before it had erased them. Looked
 * for once, at the first unlock of a new device. A vault counts as a copy only when the password just proven opens it and
 * it holds the same key; a right guess is taken back, and a wrong one is spent on a vault that is not this one.
 * @returns what to erase. A fleet that does not answer is left out.
 */
export async function leftBehind(
  { book, clientOf }: FleetsSession,
  vault: UnlockedVault,
  password: string,
): Promise<readonly VaultPlace[]> {
  const places: VaultPlace[] = [];
  for (const fleet of book.usable()) {
    if (isFleet(fleet, vault.fleet.configHash)) continue;
    try {
      const client = await clientOf(fleet);
      // Somebody waits for the key that they have just unlocked: a fleet that is away is not waited for.
      if ((await client.status({ triesMax: 1 })).state !== 'live') continue;
      const outcome = await client.unlock(password);
      if (outcome.type !== 'unlocked') continue;
      if (equalBytes(outcome.backupKey, vault.backupKey))
        places.push({ configHash: fleet.configHash, version: outcome.version });
      zero(outcome.backupKey);
    } catch (error) {
      const isAway = error instanceof ClientError && (error.code === 'unknown-fleet' || isRetryable(error));
      if (!isAway) throw error;
    }
  }
  return places;
}
