import { fromHex, hex } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import { decodeCanonicalJson, encodeCanonicalJson, type Json } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import type { ConfigHash, FleetId } from './ids.js';
import { budgetLimitMax, descriptorBytesMax, fleetGroupsMax, fleetMembersMax } from './limits.js';

/** One HSM of the fleet. Its id is its place in the list, from 1; 0 is nobody. */
export interface FleetMember {
  readonly id: number;
  /** Site name: 1 to 32 of `a-z 0-9 -`. */
  readonly site: string;
  /** 32-byte Ed25519 public key; verifies entries, captures, promises and views. */
  readonly key: Uint8Array;
}

/**
 * What a fleet is, fixed when it is created. Two fleets that differ in anything have different `configHash`es, and every
 * statement and every seal binds it.
 */
export interface FleetDescriptor {
  readonly fleetId: FleetId;
  /** How many members certify: `floor((n + rollbackTolerance) / 2) + 1` or more, at most n. */
  readonly quorum: number;
  /** s: how many members may have had their persisted state put back to an older copy. */
  readonly rollbackTolerance: number;
  readonly groups: number;
  /** The largest guess budget that a registration may ask for, 1 to 10. */
  readonly budgetLimit: number;
  /** 1,216-byte X-Wing public key that requests are sealed to. */
  readonly channelKey: Uint8Array;
  /** 32-byte ristretto255 public key of the OPAQUE server. */
  readonly opaqueKey: Uint8Array;
  readonly members: readonly FleetMember[];
  readonly configHash: ConfigHash;
}

/** The smallest quorum any two of which share `rollbackTolerance + 1` members. */
export function quorumFloor(members: number, rollbackTolerance: number): number {
  return Math.floor((members + rollbackTolerance) / 2) + 1;
}

/** Canonical JSON (RFC 8785) of a descriptor: the bytes whose SHA-256 is the configHash. */
export function encodeFleetDescriptor(fleet: Omit<FleetDescriptor, 'configHash'>): Uint8Array {
  return encodeCanonicalJson({
    v: 1,
    fleetId: hex(fleet.fleetId),
    quorum: fleet.quorum,
    rollbackTolerance: fleet.rollbackTolerance,
    groups: fleet.groups,
    budgetLimit: fleet.budgetLimit,
    keys: [
      { role: 'channel', alg: 'X-Wing', key: hex(fleet.channelKey) },
      { role: 'opaque', alg: 'ristretto255', key: hex(fleet.opaqueKey) },
      ...fleet.members.map(({ site, key }) => ({ role: 'hsm', alg: 'Ed25519', key: hex(key), site })),
    ],
  });
}

/**
 * Checks a descriptor completely: form, ranges, distinct sites and keys, a quorum that is safe for its tolerance.
 * @throws ProtocolError `bad-descriptor`.
 */
export function decodeFleetDescriptor(bytes: Uint8Array): FleetDescriptor {
  try {
    const json = decodeCanonicalJson(bytes, descriptorBytesMax);
    const top = object(json, ['v', 'fleetId', 'quorum', 'rollbackTolerance', 'groups', 'budgetLimit', 'keys']);
    if (top.v !== 1) fail('version');
    const keys = Array.isArray(top.keys) ? (top.keys as readonly Json[]) : fail('keys');
    const members = keys.slice(2).map((json, i) => member(json, i + 1));
    const fleet: FleetDescriptor = {
      fleetId: hexBytes(top.fleetId, 16) as FleetId,
      quorum: integer(top.quorum, 1, members.length),
      rollbackTolerance: integer(top.rollbackTolerance, 0, members.length),
      groups: integer(top.groups, 1, fleetGroupsMax),
      budgetLimit: integer(top.budgetLimit, 1, budgetLimitMax),
      channelKey: fleetKey(keys[0], 'channel', 'X-Wing', 1216),
      opaqueKey: fleetKey(keys[1], 'opaque', 'ristretto255', 32),
      members,
      configHash: sha256(bytes) as ConfigHash,
    };
    if (members.length > fleetMembersMax) fail('too many members');
    // Two quorums that share too few members could certify two histories: the whole vault rests on this line.
    if (fleet.quorum < quorumFloor(members.length, fleet.rollbackTolerance)) fail('quorum below its floor');
    if (new Set(members.map((m) => m.site)).size !== members.length) fail('a site twice');
    if (new Set(members.map((m) => hex(m.key))).size !== members.length) fail('a key twice');
    return fleet;
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError('bad-descriptor', 'fleet descriptor: not canonical JSON', { cause });
  }
}

/** The member with this id. @returns undefined when the fleet has none. */
export function memberById(fleet: FleetDescriptor, id: number): FleetMember | undefined {
  return fleet.members[id - 1];
}

function member(json: Json, id: number): FleetMember {
  const fields = object(json, ['role', 'alg', 'key', 'site']);
  if (fields.role !== 'hsm' || fields.alg !== 'Ed25519') fail('member role');
  if (typeof fields.site !== 'string' || !/^[a-z0-9-]{1,32}$/.test(fields.site)) fail('site name');
  return { id, site: fields.site as string, key: hexBytes(fields.key, 32) };
}

function fleetKey(json: Json | undefined, role: string, alg: string, keyBytes: number): Uint8Array {
  const fields = object(json, ['role', 'alg', 'key']);
  if (fields.role !== role || fields.alg !== alg) fail(`${role} key`);
  return hexBytes(fields.key, keyBytes);
}

function object(json: Json | undefined, names: readonly string[]): Readonly<Record<string, Json>> {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return fail('not an object');
  if (Object.keys(json).sort().join() !== [...names].sort().join()) fail('unexpected or missing names');
  return json as Readonly<Record<string, Json>>;
}

function integer(json: Json | undefined, min: number, max: number): number {
  if (typeof json !== 'number' || !Number.isInteger(json) || json < min || json > max)
    return fail('number out of range');
  return json;
}

function hexBytes(json: Json | undefined, length: number): Uint8Array {
  if (typeof json !== 'string' || json.length !== 2 * length || !/^[0-9a-f]*$/.test(json)) return fail('key bytes');
  return fromHex(json);
}

function fail(what: string): never {
  throw new ProtocolError('bad-descriptor', `fleet descriptor: ${what}`);
}
