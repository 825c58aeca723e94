import type { FleetDescriptor } from '@coffer/protocol';
import type { VaultClient } from '../client.js';
import { ClientError } from '../errors.js';
import type { ProtectOutcome } from '../outcomes.js';
import type { VaultPlace } from './device-state.js';
import { type FleetsSession, isFleet, isOurs, usableFleet } from './fleets-session.js';
import { endMove } from './moving.js';

/** The fleet that takes a new registration now. @throws ClientError `old-trust`, `unfinished`, `no-fleet`. */
export async function registrationTarget(session: FleetsSession): Promise<FleetDescriptor> {
  const { book, keeper } = session;
  await book.refreshIfDue();
  if (book.isTrustOld()) throw new ClientError('old-trust', 'nothing is registered by keys that nobody vouched for');
  if (keeper.state.move?.wish === 'protect') throw new ClientError('unfinished', 'resume or abandon it first');
  const to = book.target();
  if (to === undefined) throw new ClientError('no-fleet', 'no fleet takes new registrations');
  // A move that was under way gives way to what the person wants now.
  if (keeper.state.move !== undefined) await endMove(session, keeper.state.move);
  return to;
}

/** What home holds, as far as this device put it there or unlocked it; nothing where it did neither. */
export async function homeVault(session: FleetsSession, to: FleetDescriptor): Promise<readonly VaultPlace[]> {
  const home = usableFleet(session, session.keeper.state.home);
  if (home === undefined || isFleet(to, home.configHash)) return [];
  const view = await (await session.clientOf(home)).status();
  return isOurs(view) ? [{ configHash: home.configHash, version: view.version }] : [];
}

/** Goes on with a registration that is no move. @returns undefined when there was none. */
export async function resumeHere(session: FleetsSession): Promise<ProtectOutcome | undefined> {
  for (const client of await registrationClients(session)) {
    const outcome = await client.resume();
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** A registration of this device waits somewhere. Asks nobody. */
export async function isRegistering(session: FleetsSession): Promise<boolean> {
  const to = usableFleet(session, session.keeper.state.move?.to);
  const clients = await registrationClients(session);
  const moving = to === undefined ? [] : [await session.clientOf(to)];
  return [...clients, ...moving].some((client) => client.isRegistering);
}

/** Where a registration of this device may wait: home, and the newest fleet. */
export async function registrationClients(session: FleetsSession): Promise<readonly VaultClient[]> {
  const { book, keeper, clientOf } = session;
  const fleets = [usableFleet(session, keeper.state.home), book.target()];
  const distinct = new Set(fleets.filter((fleet) => fleet !== undefined));
  return Promise.all([...distinct].map(clientOf));
}
