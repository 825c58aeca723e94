import { equalBytes, hex } from '@coffer/base';
import {
  artifactDigest,
  decodeArtifact,
  encodeArtifact,
  type FleetArtifact,
  type FleetStatus,
  type ListedFleet,
} from '@coffer/transparency';
import { OperatorError } from './errors.js';

/** What the next epoch changes. Fleets by fleetId, hexadecimal. */
export interface FleetChanges {
  /** New ones, or listed ones with other evidence. They serve. */
  readonly serve?: readonly Omit<ListedFleet, 'status'>[];
  /** They recover and erase, and register nothing new. */
  readonly drain?: readonly string[];
  /** Not to be used at all. Final: the configHash never returns. */
  readonly revoke?: readonly string[];
  /** No longer listed, once they hold no records. Final, too. */
  readonly remove?: readonly string[];
}

/**
 * The artifact after `before`. The same changes of the same artifact give the same bytes, so that a publication that
 * broke off is repeated and not made anew.
 * @param before - bytes of the newest artifact of the log; undefined before the first.
 * @param isRenewal - an epoch that changes nothing is wanted: one that lasts longer, or is under a newer trust root.
 * @returns bytes. @throws OperatorError `nothing-changes`, `unknown-fleet`, `fleet-listed`, `fleet-revoked`, `no-fleet`.
 */
export function nextArtifact(
  namespace: string,
  before: Uint8Array | undefined,
  changes: FleetChanges,
  isRenewal = false,
): Uint8Array {
  const last = before === undefined ? undefined : decodeArtifact(before);
  const { fleets, unlisted } = changedFleets(last?.fleets ?? [], changes);
  if (last !== undefined && !isRenewal && isSame(last, fleets)) throw nothingChanges(last, unlisted);
  // Only a command that is repeated may remove what is gone: in an epoch that changes something it is a mistyped id.
  if (unlisted[0] !== undefined) throw unknownFleet(unlisted[0]);
  if (fleets.length === 0) throw new OperatorError('no-fleet', 'an epoch lists at least one fleet');
  return encodeArtifact({
    namespace,
    epoch: (last?.epoch ?? 0) + 1,
    fleets,
    ...(before === undefined ? {} : { previous: artifactDigest(before) }),
  });
}

/**
 * What a first epoch is told by a log that has epochs: that nothing changes, if the newest one lists exactly its fleets,
 * because the command that made it may have broken off after that; `log-begun` otherwise. It makes no epoch either way.
 */
export function begunLog(namespace: string, newest: Uint8Array, changes: FleetChanges): OperatorError {
  const last = decodeArtifact(newest);
  const first = decodeArtifact(nextArtifact(namespace, undefined, changes));
  return isSame(last, first.fleets)
    ? nothingChanges(last, [])
    : new OperatorError('log-begun', 'the log has epochs already');
}

function nothingChanges({ epoch }: FleetArtifact, unlisted: readonly string[]): OperatorError {
  const gone = unlisted.map((id) => `; it lists no fleet ${id}`).join('');
  return new OperatorError('nothing-changes', `epoch ${epoch} says all of this already${gone}`);
}

const unknownFleet = (id: string): OperatorError =>
  new OperatorError('unknown-fleet', `no listed fleet has the id ${id}`);

/** @returns the fleets after the changes, and which of those to be removed were not there. */
function changedFleets(
  listed: readonly ListedFleet[],
  changes: FleetChanges,
): { readonly fleets: readonly ListedFleet[]; readonly unlisted: readonly string[] } {
  const fleets = new Map(listed.map((fleet) => [idOf(fleet), fleet]));
  const known = (id: string): ListedFleet => {
    const fleet = fleets.get(id);
    if (fleet === undefined) throw unknownFleet(id);
    return fleet;
  };
  const setStatus = (id: string, status: FleetStatus): void => {
    const fleet = known(id);
    if (fleet.status === 'revoked' && status !== 'revoked')
      throw new OperatorError('fleet-revoked', `fleet ${id} was revoked`);
    fleets.set(id, { ...fleet, status });
  };
  for (const fleet of changes.serve ?? []) {
    const id = idOf(fleet);
    const there = fleets.get(id);
    if (there !== undefined && !equalBytes(there.descriptor.configHash, fleet.descriptor.configHash))
      throw new OperatorError('fleet-listed', `another fleet has the id ${id}`);
    if (there !== undefined && there.status === 'revoked')
      throw new OperatorError('fleet-revoked', `fleet ${id} was revoked`);
    fleets.set(id, { ...fleet, status: 'serving' });
  }
  for (const id of changes.drain ?? []) setStatus(id, 'draining');
  for (const id of changes.revoke ?? []) setStatus(id, 'revoked');
  const unlisted = (changes.remove ?? []).filter((id) => !fleets.delete(id));
  return { fleets: [...fleets.values()], unlisted };
}

const idOf = ({ descriptor }: Pick<ListedFleet, 'descriptor'>): string => hex(descriptor.fleetId);

function isSame({ fleets }: FleetArtifact, others: readonly ListedFleet[]): boolean {
  const said = (each: ListedFleet): string => `${hex(each.descriptor.configHash)} ${hex(each.evidence)} ${each.status}`;
  return fleets.map(said).join() === others.map(said).join();
}
