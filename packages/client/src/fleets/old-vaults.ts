import { equalBytes } from '@coffer/base';
import type { ConfigHash } from '@coffer/protocol';
import { ClientError } from '../errors.js';
import { fleetsMax } from '../limits.js';
import type { FleetWarning } from '../outcomes.js';
import type { OldVault, VaultPlace } from './device-state.js';
import { type FleetsSession, isOurs, usableFleet } from './fleets-session.js';

/** What became of erasures that this device owes on fleets that it moved away from. */
export interface Settled {
  readonly receipts: readonly Uint8Array[];
  readonly warnings: readonly FleetWarning[];
}

/**
 * Tries each owed erasure once, while home holds the vault: whoever keeps the old fleet away until the new one is revoked,
 * or its vault destroyed by guesses, must not get the last copy erased by its own device. One is forgotten only when its receipt, with its commit proof, is here, or when the vault
 * that stood in its way is gone. Each names the version that was unlocked before the move: what somebody put there since
 * stays, and is told about for as long as it is there.
 */
export async function settleOldVaults(session: FleetsSession): Promise<Settled> {
  const receipts: Uint8Array[] = [];
  const warnings: FleetWarning[] = [];
  const { oldVaults } = session.keeper.state;
  if (oldVaults.length === 0) return { receipts, warnings };
  const isSafe = await isHomeHeld(session);
  for (const old of oldVaults) {
    const { configHash } = old;
    try {
      const result = await settle(session, old, isSafe);
      if (result instanceof Uint8Array) receipts.push(result);
      else if (result !== 'done') warnings.push({ type: 'old-vault', configHash, reason: result });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      warnings.push({ type: 'old-vault', configHash, reason: 'owed' });
    }
  }
  return { receipts, warnings };
}

/**
 * Whether home proves, now, that it holds the vault that this device put or unlocked there. An erased one is held by
 * nobody, and that was the wish of somebody who may erase the old one as well.
 */
async function isHomeHeld(session: FleetsSession): Promise<boolean> {
  const { book, keeper, clientOf } = session;
  const home = usableFleet(session, keeper.state.home);
  // Under trust that nobody has vouched for lately, home may have been revoked, and that be withheld.
  if (home === undefined || book.isTrustOld()) return false;
  try {
    const view = await (await clientOf(home)).status();
    return isOurs(view) || view.state === 'erased';
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return false;
  }
}

/** @param isSafe - whether the old vault may go. @returns a receipt, or what there is to say. */
async function settle(
  session: FleetsSession,
  old: OldVault,
  isSafe: boolean,
): Promise<Uint8Array | 'done' | 'superseded' | 'fleet-gone' | 'owed'> {
  const fleet = usableFleet(session, old.configHash);
  if (fleet === undefined) return 'fleet-gone';
  const client = await session.clientOf(fleet);
  if (old.isSuperseded) {
    if ((await client.status()).state === 'live') return 'superseded';
    await replaceOldVault(session, old, undefined);
    return 'done';
  }
  if (!isSafe) return 'owed';
  const outcome = await client.erase({ version: old.version });
  if (outcome.type === 'superseded') {
    await replaceOldVault(session, old, { ...old, isSuperseded: true });
    return settle(session, { ...old, isSuperseded: true }, isSafe);
  }
  await replaceOldVault(session, old, undefined);
  return outcome.type === 'erased' ? outcome.receipt : 'done';
}

async function replaceOldVault({ keeper }: FleetsSession, old: OldVault, by: OldVault | undefined): Promise<void> {
  const oldVaults = keeper.state.oldVaults.flatMap((each) =>
    !equalBytes(each.configHash, old.configHash) ? each : (by ?? []),
  );
  await keeper.update({ oldVaults });
}

/** What is still owed on older fleets, and why. */
export function owedWarnings(session: FleetsSession): readonly FleetWarning[] {
  return session.keeper.state.oldVaults.map(({ configHash, isSuperseded }) => {
    const isGone = usableFleet(session, configHash) === undefined;
    return { type: 'old-vault', configHash, reason: isGone ? 'fleet-gone' : isSuperseded ? 'superseded' : 'owed' };
  });
}

/** `oldVaults` with more, and without what is home now or named by an older version. */
export function withOldVaults(
  { keeper }: FleetsSession,
  home: ConfigHash,
  added: readonly VaultPlace[],
): readonly OldVault[] {
  const replaced = [home, ...added.map(({ configHash }) => configHash)];
  const isAt = (configHash: ConfigHash): boolean => replaced.some((each) => equalBytes(each, configHash));
  const others = keeper.state.oldVaults.filter(({ configHash }) => !isAt(configHash));
  const left = added.filter(({ configHash }) => !equalBytes(configHash, home));
  return [...others, ...left.map((place) => ({ ...place, isSuperseded: false }))].slice(-fleetsMax);
}
