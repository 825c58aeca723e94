import { equalBytes, hex } from '@coffer/base';
import {
  type BirthDescription,
  type BirthList,
  encodeFleetDescriptor,
  type FleetId,
  ProtocolError,
  verifyBirthDescription,
} from '@coffer/protocol';
import type { FleetKeys } from '../fleet-secrets.js';
import { refuseBirth } from './errors.js';

/**
 * Checks a list, and finds this HSM in it.
 * @param own - what this HSM says of itself now.
 * @returns its member id.
 */
export function memberOf({ plan, descriptions }: BirthList, own: BirthDescription): number {
  for (const signed of descriptions) {
    const { nonce, image } = verified(() => verifyBirthDescription(signed));
    // An answer to another ceremony could be the answer of an HSM that is long lost.
    if (!equalBytes(nonce, plan.nonce)) refuseBirth('bad-description', 'an answer to another ceremony');
    // Whoever made the list may lie about it, and the evidence will say so; an honest list with two programs is a mistake.
    if (!equalBytes(image, own.image)) refuseBirth('bad-description', 'an HSM that runs another image');
  }
  const distinct = (of: (d: BirthDescription) => string): number =>
    new Set(descriptions.map(({ statement }) => of(statement))).size;
  const serials = distinct(({ serial }) => hex(serial));
  const transports = distinct(({ transportKey }) => hex(transportKey));
  if (serials < descriptions.length || transports < descriptions.length) refuseBirth('bad-plan', 'an HSM twice');
  const index = descriptions.findIndex(({ statement }) => isSame(statement, own));
  return index < 0 ? refuseBirth('not-listed', 'this HSM is not in the list') : index + 1;
}

/** All that the fleet rests on is in these bytes, so every HSM makes them itself and compares. */
export function descriptorOf(birth: BirthList, fleetId: FleetId, keys: FleetKeys): Uint8Array {
  const { groups, budgetLimit, rollbackTolerance, quorum } = birth.plan;
  const { channelKey, opaqueKey } = keys;
  const members = birth.descriptions.map(({ statement }, i) => ({
    id: i + 1,
    site: statement.site,
    key: statement.identity,
  }));
  return encodeFleetDescriptor({
    fleetId,
    quorum,
    rollbackTolerance,
    groups,
    budgetLimit,
    channelKey,
    opaqueKey,
    members,
  });
}

const isSame = (a: BirthDescription, b: BirthDescription): boolean =>
  equalBytes(a.identity, b.identity) &&
  equalBytes(a.transportKey, b.transportKey) &&
  equalBytes(a.serial, b.serial) &&
  a.site === b.site &&
  a.platform === b.platform;

function verified<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (cause instanceof ProtocolError) return refuseBirth('bad-description', 'a description that nobody signed');
    throw cause;
  }
}
