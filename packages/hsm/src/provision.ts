import type { Entropy } from '@coffer/base';
import { oprfRandomKey } from '@coffer/crypto';
import { decodeFleetDescriptor, encodeFleetDescriptor, type FleetId, quorumFloor } from '@coffer/protocol';
import { expandFleetSecrets, type FleetSecrets, zeroFleetSecrets } from './fleet-secrets.js';
import type { KeyStore } from './ports.js';
import { initialState, sealState } from './state.js';

export interface ProvisionOptions {
  /** One name per member, distinct. */
  readonly sites: readonly string[];
  /** One key store per site, in the same order. */
  readonly keyStores: readonly KeyStore[];
  readonly groups: number;
  readonly budgetLimit: number;
  readonly rollbackTolerance: number;
  readonly entropy: Entropy;
  /** Defaults to the floor for the tolerance. */
  readonly quorum?: number;
}

export interface ProvisionedFleet {
  /** Canonical JSON of the fleet descriptor. */
  readonly descriptor: Uint8Array;
  /** First sealed state of each member, to be persisted in its NVRAM before it boots. */
  readonly states: readonly Uint8Array[];
}

/**
 * Makes a fleet in one process: draws the fleet secrets, seals them to each member's key store, and forgets them. This
 * process could read them while it runs, so it stands for a ceremony and is none (README, limits).
 * @throws ProtocolError `bad-descriptor` when the options make no valid fleet.
 */
export function provisionFleet(options: ProvisionOptions): ProvisionedFleet {
  const { sites, keyStores, groups, budgetLimit, rollbackTolerance, entropy } = options;
  const secrets: FleetSecrets = {
    channelSeed: entropy.bytes(32),
    opaquePrivateKey: oprfRandomKey(entropy),
    recordSecret: entropy.bytes(32),
    ticketSecret: entropy.bytes(32),
    indexKey: entropy.bytes(32),
  };
  const { channelKey, opaqueKey, channelSecretKey } = expandFleetSecrets(secrets);
  channelSecretKey.destroy();
  const members = sites.map((site, i) => ({ id: i + 1, site, key: keyStores[i]?.publicKey ?? new Uint8Array() }));
  const descriptor = encodeFleetDescriptor({
    fleetId: entropy.bytes(16) as FleetId,
    quorum: options.quorum ?? quorumFloor(sites.length, rollbackTolerance),
    rollbackTolerance,
    groups,
    budgetLimit,
    channelKey,
    opaqueKey,
    members,
  });
  const fleet = decodeFleetDescriptor(descriptor);
  const states = keyStores.map((keyStore, i) => sealState(keyStore, initialState(fleet, i + 1, secrets)));
  zeroFleetSecrets(secrets);
  return { descriptor, states };
}
