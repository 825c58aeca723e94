import { ClientError } from '../errors.js';
import type { FleetWarning } from '../outcomes.js';
import { type FleetsSession, isFleet } from './fleets-session.js';
import { leftBehind } from './left-behind.js';
import { type MoveResult, moveVault, setHome, type UnlockedVault } from './moving.js';
import { withOldVaults } from './old-vaults.js';

/**
 * Notes where the vault was found, and moves it on. Whatever fails here, the person has the key already.
 * @param warnings - gets what failed.
 * @returns the move, if there was one.
 */
export async function followNewest(
  session: FleetsSession,
  vault: UnlockedVault,
  password: string,
  warnings: FleetWarning[],
): Promise<Extract<MoveResult, { type: 'moved' }> | undefined> {
  const { keeper, book } = session;
  try {
    const { configHash } = vault.fleet;
    const isNewest = book.target() !== undefined && isFleet(vault.fleet, book.target()?.configHash);
    // In one write with what is found, so that a new device that stops in between looks again.
    if (keeper.state.home === undefined && isNewest)
      await setHome(session, configHash, await leftBehind(session, vault, password));
    else if (!isFleet(vault.fleet, keeper.state.home))
      // What is home again is owed no erasure any more: it may be the last copy.
      await keeper.update({ home: configHash, oldVaults: withOldVaults(session, configHash, []) });
    const result = await moveVault(session, vault, password);
    const target = book.target();
    if (result.type === 'moved') return result;
    if (result.type === 'other-vault' && target !== undefined)
      warnings.push({ type: 'other-vault', configHash: target.configHash });
    else if (result.type !== 'stays') warnings.push({ type: 'move-failed', code: result.type });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    warnings.push({ type: 'move-failed', code: error.code });
  }
  return undefined;
}
