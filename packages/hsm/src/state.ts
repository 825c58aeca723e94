import { concat, equalBytes, invariant, utf8, zero } from '@coffer/base';
import { CryptoError } from '@coffer/crypto';
import {
  type ConfigHash,
  configHashLayout,
  entryHashLayout,
  type FleetDescriptor,
  type FleetId,
  fleetGroupsMax,
  fleetIdLayout,
  genesisHash,
  type Position,
  type Term,
  termLayout,
  termZero,
} from '@coffer/protocol';
import { decode, encode, list, struct, u8, u16, u64, WireError } from '@coffer/wire';
import { HsmError } from './errors.js';
import { type FleetSecrets, fleetSecretsLayout } from './fleet-secrets.js';
import type { KeyStore } from './ports.js';

/** All that an HSM remembers of one group. `index` and `hash` say what it captured last, `capTerm` under which term. */
export interface GroupState extends Position {
  readonly promised: Term;
  readonly capTerm: Term;
}

/** All that an HSM persists: 60 bytes a group, whatever the number of records. */
export interface HsmState {
  readonly version: number;
  readonly fleetId: FleetId;
  readonly configHash: ConfigHash;
  /** Member id; the identity key itself is in the key store. */
  readonly hsm: number;
  readonly secrets: FleetSecrets;
  readonly groups: readonly GroupState[];
}

/** Bound of the sealed state (invariant 7 of docs/spec/consensus.md). */
export const sealedStateBytesMax = 4096;
const stateVersion = 1;

const stateLayout = struct<HsmState>({
  version: u8,
  fleetId: fleetIdLayout,
  configHash: configHashLayout,
  hsm: u16,
  secrets: fleetSecretsLayout,
  groups: list(
    struct<GroupState>({ promised: termLayout, capTerm: termLayout, index: u64, hash: entryHashLayout }),
    fleetGroupsMax,
  ),
});

/** What a member remembers before it has done anything. */
export function initialState(fleet: FleetDescriptor, hsm: number, secrets: FleetSecrets): HsmState {
  const groups = Array.from({ length: fleet.groups }, (_, group) => ({
    promised: termZero,
    capTerm: termZero,
    index: 0n,
    hash: genesisHash(fleet.configHash, group),
  }));
  return { version: stateVersion, fleetId: fleet.fleetId, configHash: fleet.configHash, hsm, secrets, groups };
}

export function sealState(keyStore: KeyStore, state: HsmState): Uint8Array {
  const plaintext = encode(stateLayout, state);
  const sealed = keyStore.seal(stateLabel(keyStore), plaintext);
  zero(plaintext);
  invariant(sealed.length <= sealedStateBytesMax, 'HSM state fits its NVRAM');
  return sealed;
}

/**
 * Reads back what this very HSM sealed for this very fleet.
 * @throws HsmError `bad-state` when it does not authenticate or decode, `other-fleet`.
 */
export function openState(keyStore: KeyStore, fleet: FleetDescriptor, sealed: Uint8Array): HsmState {
  const state = unseal(keyStore, sealed);
  const own = fleet.members[state.hsm - 1];
  const sameFleet = equalBytes(state.configHash, fleet.configHash) && state.groups.length === fleet.groups;
  if (!sameFleet || own === undefined || !equalBytes(own.key, keyStore.publicKey)) {
    throw new HsmError('other-fleet', 'the state belongs to another fleet or member');
  }
  return state;
}

function unseal(keyStore: KeyStore, sealed: Uint8Array): HsmState {
  try {
    const plaintext = keyStore.open(stateLabel(keyStore), sealed);
    const state = decode(stateLayout, plaintext);
    zero(plaintext);
    if (state.version !== stateVersion) throw new HsmError('bad-state', 'state of an unknown version');
    return state;
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError) {
      throw new HsmError('bad-state', 'the state does not authenticate: refusing to start on it', { cause });
    }
    throw cause;
  }
}

/** The identity is in the associated data: one member's state never opens as another's. */
const stateLabel = (keyStore: KeyStore): Uint8Array => concat(utf8('coffer/hsm-state/v1'), keyStore.publicKey);
