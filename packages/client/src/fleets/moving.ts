import { equalBytes, zero } from '@coffer/base';
import type { ConfigHash, FleetDescriptor } from '@coffer/protocol';
import type { VaultClient } from '../client.js';
import { ClientError } from '../errors.js';
import type { ProtectOptions, ProtectOutcome, VaultView } from '../outcomes.js';
import type { Move, VaultPlace } from './device-state.js';
import { type FleetsSession, isFleet, isOurs, isUnfinished, usableFleet } from './fleets-session.js';
import { withOldVaults } from './old-vaults.js';

/** What an unlock gave, and where. */
export interface UnlockedVault {
  readonly fleet: FleetDescriptor;
  readonly version: number;
  readonly backupKey: Uint8Array;
  readonly generationMin: bigint;
  readonly budgetMax: number;
}

/** What a move came to. Only `moved` changed where home is. */
export type MoveResult =
  | { readonly type: 'moved'; readonly version: number; readonly budget: number }
  | { readonly type: 'stays' | 'other-vault' | 'superseded' | 'limit' };

/** A registration on another fleet than home. */
export interface Relocation {
  readonly wish: Move['wish'];
  readonly to: FleetDescriptor;
  readonly leaves: readonly VaultPlace[];
  readonly password: string;
  readonly backupKey: Uint8Array;
  readonly options: ProtectOptions;
}

/**
 * Puts the vault that was just unlocked onto the newest serving fleet, under the same password, and makes that one home.
 *
 * Order, each step on disk or proven before the next: the wish; the registration's bytes; the new fleet's proven confirm;
 * home together with the erasure owed on the old fleet, in one write. So a crash leaves the key on the old fleet, or on
 * both, and never on none.
 *
 * A vault that lives there already is replaced only if this very move put it there. Otherwise it may be another device's
 * move, or anybody's who holds an account token: it is unlocked with the password just proven, and becomes home only when
 * it holds the same key.
 *
 * @throws ClientError; nothing is lost, and the next unlock goes on.
 */
export async function moveVault(session: FleetsSession, vault: UnlockedVault, password: string): Promise<MoveResult> {
  const { book, keeper } = session;
  const to = book.target();
  if (to === undefined || isFleet(to, vault.fleet.configHash) || book.isTrustOld()) return { type: 'stays' };
  const { move } = keeper.state;
  if (move?.wish === 'protect') throw new ClientError('unfinished', 'a registration waits: resume or abandon it first');

  const here = { configHash: vault.fleet.configHash, version: vault.version };
  if (move !== undefined && !isFleet(to, move.to)) {
    const version = await inForce(session, move);
    const left = version === undefined ? [] : [{ configHash: move.to, version }];
    return moveTo(session, { to, leaves: [here, ...left], move: undefined }, vault, password);
  }
  return moveTo(session, { to, leaves: [here], move }, vault, password);
}

async function moveTo(
  session: FleetsSession,
  wanted: { readonly to: FleetDescriptor; readonly leaves: readonly VaultPlace[]; readonly move: Move | undefined },
  vault: UnlockedVault,
  password: string,
): Promise<MoveResult> {
  const { to, leaves, move } = wanted;
  const client = await session.clientOf(to);
  const view = await client.status();
  if (move !== undefined && isSamePlace(move.leaves[0], leaves[0])) {
    if (isUnfinished(view)) return switched(session, move, await client.resume());
    if (isConfirmed(view, move)) return switched(session, move, { type: 'protected', ...view });
  }
  // What this move registered for an older secret of home is replaced; anything else that lives there is not.
  const isReplaced = (await client.withdraw()) !== undefined || (move !== undefined && isConfirmed(view, move));
  if (view.state === 'live' && !isReplaced)
    return adopt(session, { to, client, version: view.version, leaves }, vault, password);
  const { backupKey, generationMin, budgetMax } = vault;
  const options = { generationMin, budgetMax: Math.min(budgetMax, to.budgetLimit) };
  return asResult(await relocate(session, { wish: 'move', to, leaves, password, backupKey, options }));
}

/** Registers on `to`, then makes it home and owes the erasure of what is left behind. @throws ClientError. */
export async function relocate(session: FleetsSession, wanted: Relocation): Promise<ProtectOutcome> {
  const { keeper, clientOf } = session;
  const { wish, to, leaves, password, backupKey, options } = wanted;
  const client = await clientOf(to);
  if (leaves.length === 0) {
    const outcome = await client.protect(password, backupKey, options);
    if (outcome.type === 'protected' && !isFleet(to, keeper.state.home)) await setHome(session, to.configHash, []);
    return outcome;
  }
  const { version: toVersion } = await client.status();
  const move = { wish, to: to.configHash, toVersion, leaves };
  await keeper.update({ move });
  const outcome = await client.protect(password, backupKey, options);
  await switched(session, move, outcome);
  return outcome;
}

/**
 * Goes on with a registration on another fleet after a start of the app. One that repeats what home held gives way where
 * home has changed meanwhile: it would make an old password valid again, or bring back what the person erased.
 * @returns undefined when there is none to go on with.
 */
export async function resumeMove(session: FleetsSession): Promise<ProtectOutcome | undefined> {
  const { keeper, clientOf } = session;
  const { move } = keeper.state;
  const to = usableFleet(session, move?.to);
  if (move === undefined || to === undefined) return undefined;
  const client = await clientOf(to);
  const view = await client.status();
  if (!isUnfinished(view) && !isConfirmed(view, move)) {
    // Nothing of it has reached the fleet. A move waits for the next unlock; a wish of the person is for them to repeat.
    if (move.wish === 'protect') await keeper.update({ move: undefined });
    return undefined;
  }
  const home = move.wish === 'protect' ? 'same' : await homeSince(session, move.leaves[0]);
  // A fleet that drains meanwhile takes nothing new. The next unlock withdraws it there and moves to the newest.
  const isNewest = isFleet(to, session.book.target()?.configHash);
  if (home === 'same' && move.wish === 'move' && isUnfinished(view) && !isNewest) return undefined;
  // A home that was destroyed by guesses, or whose fleet must not be used any more, leaves this registration as the only
  // copy of the key.
  if (home === 'same' || home === 'destroyed' || home === 'unusable') {
    const outcome = isUnfinished(view) ? await client.resume() : ({ type: 'protected', ...view } as const);
    await switched(session, move, outcome);
    return outcome && asProtected(outcome);
  }
  const version = await inForce(session, move);
  if (version === undefined) {
    await keeper.update({ move: undefined });
    return undefined;
  }
  // Another secret lives at home: whoever knows it decides at the next unlock, and this one is then replaced.
  if (home === 'changed') return undefined;
  // Home was erased, so another device has made this very registration its home. It is never erased from here.
  const { budget, resets } = await client.status();
  await setHome(session, move.to, move.leaves);
  return { type: 'protected', version, budget, resets };
}

/** Gives a move up as far as that is possible: one that is in force already is home from now on. */
export async function endMove(session: FleetsSession, move: Move): Promise<void> {
  if ((await inForce(session, move)) === undefined) await session.keeper.update({ move: undefined });
  else await setHome(session, move.to, move.leaves);
}

/** Withdraws a move's registration. @returns the version that it put in force already, or undefined. */
async function inForce(session: FleetsSession, move: Move): Promise<number | undefined> {
  const to = usableFleet(session, move.to);
  if (to === undefined) return undefined;
  const client = await session.clientOf(to);
  const version = await client.withdraw();
  if (version !== undefined) return version;
  const view = await client.status();
  return isConfirmed(view, move) ? view.version : undefined;
}

/** This device confirmed the vault there after it had written the move down. */
const isConfirmed = (view: VaultView, move: Move): boolean => isOurs(view) && view.version > move.toVersion;

const isSamePlace = (a: VaultPlace | undefined, b: VaultPlace | undefined): boolean =>
  a !== undefined && b !== undefined && a.version === b.version && equalBytes(a.configHash, b.configHash);

/** What became of the vault that a move started from. */
async function homeSince(
  session: FleetsSession,
  from: VaultPlace | undefined,
): Promise<'same' | 'changed' | 'destroyed' | 'unusable' | 'gone'> {
  const fleet = usableFleet(session, from?.configHash);
  if (fleet === undefined) return 'unusable';
  const { state, version } = await (await session.clientOf(fleet)).status();
  if (state === 'live') return version === from?.version ? 'same' : 'changed';
  return state === 'destroyed' ? 'destroyed' : 'gone';
}

/** Makes another device's move ours, if that is what it is. */
async function adopt(
  session: FleetsSession,
  there: {
    readonly to: FleetDescriptor;
    readonly client: VaultClient;
    readonly version: number;
    readonly leaves: readonly VaultPlace[];
  },
  vault: UnlockedVault,
  password: string,
): Promise<MoveResult> {
  const { keeper } = session;
  const { to, client, version, leaves } = there;
  const { otherVault } = keeper.state;
  if (otherVault?.version === version && isFleet(to, otherVault.configHash)) return { type: 'other-vault' };
  // From here on this device knows that version, and must not take it for its own registration after a crash.
  if (keeper.state.move !== undefined) await keeper.update({ move: undefined });
  const outcome = await client.unlock(password);
  if (outcome.type === 'unlocked') {
    const isSameKey = equalBytes(outcome.backupKey, vault.backupKey);
    zero(outcome.backupKey);
    if (isSameKey) {
      await setHome(session, to.configHash, leaves);
      return { type: 'moved', version: outcome.version, budget: outcome.budget };
    }
  }
  // One guess of that vault's budget is enough: it is not asked again until it is another one.
  await keeper.update({ otherVault: { configHash: to.configHash, version } });
  return { type: 'other-vault' };
}

/** Follows a registration's outcome: home, and with it what is owed, or the end of the wish. */
async function switched(session: FleetsSession, move: Move, outcome: ProtectOutcome | undefined): Promise<MoveResult> {
  if (outcome?.type === 'protected') await setHome(session, move.to, move.leaves);
  else await session.keeper.update({ move: undefined });
  return outcome === undefined ? { type: 'stays' } : asResult(outcome);
}

/**
 * The only place where an erasure comes to be owed: in one write with the new home, whose confirm is proven. A device
 * never owes the erasure of what may be the last copy, nor forgets one.
 */
export async function setHome(session: FleetsSession, home: ConfigHash, leaves: readonly VaultPlace[]): Promise<void> {
  const oldVaults = withOldVaults(session, home, leaves);
  await session.keeper.update({ home, move: undefined, otherVault: undefined, oldVaults });
}

function asResult(outcome: ProtectOutcome): MoveResult {
  return outcome.type === 'protected'
    ? { type: 'moved', version: outcome.version, budget: outcome.budget }
    : { type: outcome.type };
}

function asProtected(outcome: ProtectOutcome): ProtectOutcome {
  if (outcome.type !== 'protected') return outcome;
  const { type, version, budget, resets } = outcome;
  return { type, version, budget, resets };
}
