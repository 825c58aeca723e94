import { equalBytes } from '@coffer/base';
import { sha256 } from '@coffer/crypto';
import {
  type ConfigHash,
  decodeFleetDescriptor,
  descriptorBytesMax,
  type FleetDescriptor,
  ProtocolError,
  quorumFloor,
} from '@coffer/protocol';
import { decodeCanonicalJson, type Json, WireError } from '@coffer/wire';
import { fail } from '../errors.js';
import type { ConfigStatement, FleetPlan } from '../forms/config.js';
import type { Finding } from './evidence-report.js';

/** @throws EvidenceError `other-subject`, `quorum-below-floor`, `duplicate-site`, `duplicate-key`, `bad-descriptor`. */
export function verifyDescriptor(file: Uint8Array, configHash: ConfigHash): Finding<FleetDescriptor> {
  if (!equalBytes(sha256(file), configHash)) fail('other-subject', 'the descriptor of another fleet');
  try {
    const value = decodeFleetDescriptor(file);
    const why = `${value.members.length} members, quorum ${value.quorum}, ${value.groups} groups, at most ${value.budgetLimit} guesses; its hash is the fleet’s.`;
    return { value, verdict: 'proven', why };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    return failDescriptor(file, cause);
  }
}

/** Finds out what is wrong with a descriptor that nobody takes. */
function failDescriptor(file: Uint8Array, cause: unknown): never {
  const json = looselyDecoded(file);
  const members = (Array.isArray(json.keys) ? (json.keys as Record<string, Json>[]) : []).filter(
    (k) => k?.role === 'hsm',
  );
  const isTwice = (field: string): boolean => new Set(members.map((each) => each[field])).size < members.length;
  const { quorum, rollbackTolerance } = json;
  if (typeof quorum === 'number' && typeof rollbackTolerance === 'number') {
    if (quorum < quorumFloor(members.length, rollbackTolerance)) failQuorum(cause);
  }
  if (isTwice('site')) fail('duplicate-site', 'the descriptor names a site twice', cause);
  if (isTwice('key')) fail('duplicate-key', 'the descriptor names a key twice', cause);
  return fail('bad-descriptor', 'the descriptor breaks the rules of its form', cause);
}

function looselyDecoded(file: Uint8Array): Readonly<Record<string, Json>> {
  try {
    const json = decodeCanonicalJson(file, descriptorBytesMax);
    return json !== null && typeof json === 'object' ? (json as Record<string, Json>) : {};
  } catch (cause) {
    if (cause instanceof WireError) return {};
    throw cause;
  }
}

/** @throws EvidenceError `quorum-below-floor`, `duplicate-site`, `config-mismatch`. */
export function verifyConfig(config: ConfigStatement, fleet: FleetDescriptor): Finding<ConfigStatement> {
  const { sites, quorum, rollbackTolerance } = config;
  if (quorum < quorumFloor(sites.length, rollbackTolerance)) failQuorum();
  if (new Set(sites).size !== sites.length) fail('duplicate-site', 'the configuration names a site twice');
  if (!isPlanOf(fleet, config)) fail('config-mismatch', 'the configuration is not that of the descriptor');
  const why = `Any two quorums of ${quorum} share ${2 * quorum - sites.length} of ${sites.length} members; no HSM takes another program.`;
  return { value: config, verdict: 'proven', why };
}

/** Whether a fleet is what a plan says. */
export function isPlanOf(fleet: FleetDescriptor, plan: FleetPlan): boolean {
  return (
    plan.quorum === fleet.quorum &&
    plan.rollbackTolerance === fleet.rollbackTolerance &&
    plan.groups === fleet.groups &&
    plan.budgetLimit === fleet.budgetLimit &&
    plan.sites.join() === fleet.members.map(({ site }) => site).join()
  );
}

function failQuorum(cause?: unknown): never {
  return fail(
    'quorum-below-floor',
    'two quorums could share too few members: the quorum is below floor((n + s) / 2) + 1',
    cause,
  );
}
