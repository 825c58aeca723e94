import type { FleetDescriptor } from '@coffer/protocol';
import { isRetryable } from '../answers.js';
import { ClientError } from '../errors.js';
import type { EraseOutcome } from '../outcomes.js';
import { type FleetsSession, isFleet, usableFleet } from './fleets-session.js';

/** `fleet`: whose answer it is, and who signed the receipt. */
export type VaultEraseOutcome = EraseOutcome & { readonly fleet: FleetDescriptor };

/**
 * Erases the vault wherever it may be. Fleets of which this device knows that they hold one have to answer; others are
 * asked as far as they can be.
 * @returns what home said, or the first fleet that had something to erase.
 * @throws ClientError of the first fleet that has to answer and did not: call again; `fleet-revoked` when home must not
 *   be used any more and no other fleet had anything to erase.
 */
export async function eraseEverywhere(session: FleetsSession): Promise<VaultEraseOutcome> {
  const { book, keeper, clientOf } = session;
  const { home, move, oldVaults } = keeper.state;
  const known = [home, move?.to, ...oldVaults.map(({ configHash }) => configHash)];
  const fleets = [...book.usable()].reverse();
  let outcome: VaultEraseOutcome | undefined;
  let failure: ClientError | undefined;
  let isHomes = false;
  for (const fleet of fleets) {
    const isKnown = home === undefined || known.some((configHash) => isFleet(fleet, configHash));
    try {
      const client = await clientOf(fleet);
      // A registration that was under way must not come back after the erasure.
      await client.abandon();
      const erased = await client.erase();
      if (!isHomes && (outcome === undefined || outcome.type === 'not-registered' || isFleet(fleet, home)))
        outcome = { ...erased, fleet };
      isHomes ||= isFleet(fleet, home);
      const left = keeper.state.oldVaults.filter(({ configHash }) => !isFleet(fleet, configHash));
      if (erased.type !== 'superseded' && left.length < keeper.state.oldVaults.length)
        await keeper.update({ oldVaults: left });
    } catch (error) {
      if (!(error instanceof ClientError) || error.code === 'log-fraud') throw error;
      const isPassedOver = !isKnown && (error.code === 'unknown-fleet' || isRetryable(error));
      if (!isPassedOver) failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  // Others may have none, or have erased theirs. What a fleet holds that must not be used any more cannot be erased, and
  // nobody may believe that it was not there.
  if (home !== undefined && usableFleet(session, home) === undefined && outcome?.type !== 'erased')
    throw new ClientError('fleet-revoked', 'the fleet that holds the vault must not be used any more');
  if (outcome === undefined) throw new ClientError('no-fleet', 'no fleet is known that may be used');
  if (keeper.state.move !== undefined) await keeper.update({ move: undefined });
  return outcome;
}
