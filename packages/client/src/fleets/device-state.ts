import { equalBytes } from '@coffer/base';
import { type ConfigHash, configHashLayout, descriptorBytesMax, type VaultId, vaultIdLayout } from '@coffer/protocol';
import { clientTrustBytesMax, type FleetStatus, trustRootBytesMax } from '@coffer/transparency';
import { bool, bytes, enumerated, list, optional, struct, u32 } from '@coffer/wire';
import { ClientError } from '../errors.js';
import { deviceStateBytesMax, fleetsMax } from '../limits.js';
import { decodeStored, encodeStored } from '../stored-file.js';

/** A fleet whose keys this device has accepted. */
export interface StoredFleet {
  /** Bytes of the descriptor. */
  readonly descriptor: Uint8Array;
  readonly status: FleetStatus;
}

/** A vault on an older fleet that this device moved away from and has no receipt for yet. */
export interface OldVault extends VaultPlace {
  // The version is the one that was unlocked before the move: it, and nothing that came after it, is to be erased.
  /** Somebody changed it in between. */
  readonly isSuperseded: boolean;
}

/** A registration on another fleet than home: written down before its first message. */
export interface Move {
  /** `move`: the key and password of home; `protect`: what the person said. */
  readonly wish: 'move' | 'protect';
  readonly to: ConfigHash;
  /** Version of the vault there before: only a later one can be this registration. */
  readonly toVersion: number;
  /** What is to be erased once the new one is confirmed, home's first. */
  readonly leaves: readonly VaultPlace[];
}

/** One version of the vault on one fleet. */
export interface VaultPlace {
  readonly configHash: ConfigHash;
  readonly version: number;
}

/** What one device knows about the fleets of one account. One value, so that a switch is one write. */
export interface DeviceState {
  readonly vaultId: VaultId;
  /** Newest verified trust root with its signatures; empty for a pinned fleet. */
  readonly trustRoot: Uint8Array;
  /** Bytes of a `ClientTrust`; empty for a pinned fleet. */
  readonly trust: Uint8Array;
  /** In the order of the artifact: the last one that is serving is the newest. */
  readonly fleets: readonly StoredFleet[];
  /** Where this device confirmed or unlocked the vault last. */
  readonly home: ConfigHash | undefined;
  readonly move: Move | undefined;
  readonly oldVaults: readonly OldVault[];
  /** A vault on the newest fleet that turned out not to be ours: not asked again until its version changes. */
  readonly otherVault: VaultPlace | undefined;
}

const placeLayout = struct<VaultPlace>({ configHash: configHashLayout, version: u32 });

const form = {
  version: 1,
  bytesMax: deviceStateBytesMax,
  layout: struct<DeviceState>({
    vaultId: vaultIdLayout,
    trustRoot: bytes(trustRootBytesMax),
    trust: bytes(clientTrustBytesMax),
    fleets: list(
      struct<StoredFleet>({
        descriptor: bytes(descriptorBytesMax),
        status: enumerated<FleetStatus>(['serving', 'draining', 'revoked']),
      }),
      fleetsMax,
    ),
    home: optional(configHashLayout),
    move: optional(
      struct<Move>({
        wish: enumerated<Move['wish']>(['move', 'protect']),
        to: configHashLayout,
        toVersion: u32,
        leaves: list(placeLayout, fleetsMax),
      }),
    ),
    oldVaults: list(struct<OldVault>({ configHash: configHashLayout, version: u32, isSuperseded: bool }), fleetsMax),
    otherVault: optional(placeLayout),
  }),
};

export const encodeDeviceState = (state: DeviceState): Uint8Array => encodeStored(form, state);

/** @throws ClientError `bad-state`, `state-version`, `other-vault`. */
export function decodeDeviceState(vaultId: VaultId, stored: Uint8Array): DeviceState {
  const state = decodeStored(form, stored);
  if (!equalBytes(state.vaultId, vaultId)) throw new ClientError('other-vault', 'device state of another account');
  return state;
}
