import { hex } from '@coffer/base';
import type { FleetArtifact, FleetStatus, Leaf, ListedFleet } from '@coffer/transparency';

/** One public key of a fleet, and what it is for. */
export interface FleetKey {
  readonly role: 'channel' | 'opaque' | 'hsm';
  readonly algorithm: 'X-Wing' | 'ristretto255' | 'Ed25519';
  /** Hexadecimal. */
  readonly key: string;
  /** Of an HSM. */
  readonly site?: string;
}

/** A fleet that came or went, with all its keys. A fleet's keys never change: other keys are another fleet. */
export interface FleetChange {
  /** Hexadecimal. */
  readonly fleetId: string;
  readonly configHash: string;
  readonly status: FleetStatus;
  readonly keys: readonly FleetKey[];
}

/** What one epoch changed. */
export interface FleetDelta {
  readonly added: readonly FleetChange[];
  readonly removed: readonly FleetChange[];
  readonly changed: readonly {
    readonly fleetId: string;
    readonly configHash: string;
    readonly from: FleetStatus;
    readonly to: FleetStatus;
  }[];
  /** Fleets that are listed with other evidence than before. */
  readonly newEvidence: readonly string[];
  /** Who signed, where that is somebody else than before. Hexadecimal. */
  readonly auditorKey?: string;
  readonly operatorKey?: string;
  readonly trustRootVersion?: number;
}

/** An epoch as it was logged. */
export interface LoggedArtifact {
  readonly artifact: FleetArtifact;
  readonly leaf: Leaf;
}

/** Every key of a fleet by its role, in the descriptor's order. */
export function fleetKeys({ descriptor }: ListedFleet): readonly FleetKey[] {
  return [
    { role: 'channel', algorithm: 'X-Wing', key: hex(descriptor.channelKey) },
    { role: 'opaque', algorithm: 'ristretto255', key: hex(descriptor.opaqueKey) },
    ...descriptor.members.map(
      ({ site, key }): FleetKey => ({ role: 'hsm', algorithm: 'Ed25519', key: hex(key), site }),
    ),
  ];
}

const configHashOf = ({ descriptor }: ListedFleet): string => hex(descriptor.configHash);

const changeOf = (fleet: ListedFleet): FleetChange => ({
  fleetId: hex(fleet.descriptor.fleetId),
  configHash: configHashOf(fleet),
  status: fleet.status,
  keys: fleetKeys(fleet),
});

/** What `after` changes; everything, when there was nothing before. */
export function fleetDelta(before: LoggedArtifact | undefined, after: LoggedArtifact): FleetDelta {
  const old = new Map(before?.artifact.fleets.map((fleet) => [configHashOf(fleet), fleet]));
  const now = new Map(after.artifact.fleets.map((fleet) => [configHashOf(fleet), fleet]));
  const kept = [...now].flatMap(([configHash, to]) => {
    const from = old.get(configHash);
    return from === undefined ? [] : [{ configHash, fleetId: hex(to.descriptor.fleetId), from, to }];
  });
  const signers = [before?.leaf, after.leaf] as const;
  const auditorKey = changed(signers, (leaf) => hex(leaf.auditor.key));
  const operatorKey = changed(signers, (leaf) => hex(leaf.operator.key));
  const trustRootVersion = changed(signers, (leaf) => leaf.trustRootVersion);
  return {
    added: [...now].filter(([configHash]) => !old.has(configHash)).map(([, fleet]) => changeOf(fleet)),
    removed: [...old].filter(([configHash]) => !now.has(configHash)).map(([, fleet]) => changeOf(fleet)),
    changed: kept
      .filter(({ from, to }) => from.status !== to.status)
      .map(({ configHash, fleetId, from, to }) => ({ fleetId, configHash, from: from.status, to: to.status })),
    newEvidence: kept
      .filter(({ from, to }) => hex(from.evidence) !== hex(to.evidence))
      .map(({ configHash }) => configHash),
    ...(auditorKey === undefined ? {} : { auditorKey }),
    ...(operatorKey === undefined ? {} : { operatorKey }),
    ...(trustRootVersion === undefined ? {} : { trustRootVersion }),
  };
}

function changed<T>([before, after]: readonly [Leaf | undefined, Leaf], read: (leaf: Leaf) => T): T | undefined {
  const value = read(after);
  return before !== undefined && read(before) === value ? undefined : value;
}
