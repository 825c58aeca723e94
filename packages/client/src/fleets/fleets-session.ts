import { equalBytes } from '@coffer/base';
import type { ConfigHash, FleetDescriptor } from '@coffer/protocol';
import { isRetryable } from '../answers.js';
import type { VaultClient } from '../client.js';
import { ClientError } from '../errors.js';
import type { FleetWarning, VaultView } from '../outcomes.js';
import type { DeviceKeeper } from './device-keeper.js';
import type { FleetBook } from './fleet-book.js';

/** What everything that concerns more than one fleet works with. */
export interface FleetsSession {
  readonly book: FleetBook;
  readonly keeper: DeviceKeeper;
  /** This account's vault on one fleet; the same object each time. */
  readonly clientOf: (fleet: FleetDescriptor) => Promise<VaultClient>;
}

/** A result, the fleet that gave it, and what to tell about fleets that could not be asked. */
export interface Found<T> {
  readonly fleet: FleetDescriptor;
  readonly client: VaultClient;
  readonly outcome: T;
  readonly warnings: readonly FleetWarning[];
}

export const isFleet = ({ configHash }: FleetDescriptor, other: ConfigHash | undefined): boolean =>
  other !== undefined && equalBytes(configHash, other);

export const usableFleet = ({ book }: FleetsSession, configHash: ConfigHash | undefined): FleetDescriptor | undefined =>
  book.usable().find((fleet) => isFleet(fleet, configHash));

/** The vault is live, and this device confirmed or unlocked this very version of it. */
export const isOurs = ({ state, warnings }: VaultView): boolean =>
  state === 'live' && !warnings.some(({ type }) => type === 'unknown-version');

/** A registration of this device waits there. */
export const isUnfinished = ({ warnings }: VaultView): boolean =>
  warnings.some(({ type }) => type === 'unfinished-registration');

/**
 * Runs a call where the vault is: at home, and where home says that it has none (another device moved it), on the other
 * fleets from the newest. Being told so by a proven reply is free, so at most one guess is spent however many are asked.
 *
 * Home is waited for: a host that keeps it away must not make a device look elsewhere. Only a fleet that the service does
 * not serve at all, or that was revoked, is passed over.
 *
 * @param isElsewhere - whether this result says that there is nothing here.
 * @throws ClientError `no-fleet`, `fleet-revoked`; the error of a fleet that did not answer, when no other has the vault.
 */
export async function onVault<T>(
  session: FleetsSession,
  run: (client: VaultClient) => Promise<T>,
  isElsewhere: (outcome: T) => boolean,
): Promise<Found<T>> {
  const { book, keeper, clientOf } = session;
  const warnings: FleetWarning[] = [];
  const asked: FleetDescriptor[] = [];
  let empty: Found<T> | undefined;
  let failure: ClientError | undefined;
  for (let fleet = next(session, asked); fleet !== undefined; fleet = next(session, asked)) {
    asked.push(fleet);
    const isHome = isFleet(fleet, keeper.state.home);
    try {
      const client = await clientOf(fleet);
      const found = { fleet, client, outcome: await run(client), warnings };
      if (!isElsewhere(found.outcome)) return found;
      empty ??= found;
    } catch (error) {
      if (!isPassedOver(error, isHome)) throw error;
      failure ??= error;
      warnings.push({ type: 'fleet-unreachable', configHash: fleet.configHash, code: error.code });
      // The service may have gone on to fleets that this device has not heard of.
      if (error.code === 'unknown-fleet') await book.refresh();
    }
  }
  if (failure !== undefined) throw failure;
  if (keeper.state.home !== undefined && usableFleet(session, keeper.state.home) === undefined)
    throw new ClientError('fleet-revoked', 'the fleet that holds the vault must not be used any more');
  if (empty === undefined) throw new ClientError('no-fleet', 'no fleet is known that may be used');
  return empty;
}

/** Home, then the others from the newest. */
function next({ book, keeper }: FleetsSession, asked: readonly FleetDescriptor[]): FleetDescriptor | undefined {
  const left = book.usable().filter((fleet) => !asked.some(({ configHash }) => isFleet(fleet, configHash)));
  return left.find((fleet) => isFleet(fleet, keeper.state.home)) ?? left.at(-1);
}

function isPassedOver(error: unknown, isHome: boolean): error is ClientError {
  if (!(error instanceof ClientError)) return false;
  if (error.code === 'unknown-fleet' || error.code === 'fleet-revoked') return true;
  return !isHome && isRetryable(error);
}
