import { equalBytes } from '@coffer/base';
import {
  budgetLimitMax,
  type ConfigHash,
  configHashLayout,
  type KsfParameters,
  ksfLayout,
  payloadBytesMax,
  ticketBytesMax,
  type Vault,
  type VaultId,
  vaultIdLayout,
} from '@coffer/protocol';
import { bytes, fixed, list, optional, struct, u8, u32 } from '@coffer/wire';
import { ClientError } from './errors.js';
import { stateBytesMax } from './limits.js';
import { decodeStored, encodeStored } from './stored-file.js';

/** A guess under way. The seed alone tests no password; see `attemptEntropy`. */
export interface StoredAttempt {
  readonly seed: Uint8Array;
  /** Of the vault that it guesses at. */
  readonly version: number;
  /** What the fleet counted just before it. */
  readonly failuresBefore: number;
}

/** A registration under way: everything that its second and third message say, so that they are repeated byte for byte. */
export interface StoredRegistration {
  readonly ticketId: Uint8Array;
  readonly ticket: Uint8Array;
  readonly resumptionSecret: Uint8Array;
  readonly record: Uint8Array;
  readonly ksf: KsfParameters;
  readonly payload: Uint8Array;
  readonly budgetMax: number;
  /** Whoever has it can put this registration in force. */
  readonly confirmSecret: Uint8Array;
  /** What confirm must name; known once the fleet holds the registration. */
  readonly confirmVersion: number | undefined;
}

/** What one device remembers of one vault. */
export interface ClientState {
  readonly configHash: ConfigHash;
  readonly vaultId: VaultId;
  /** Newest version that this device confirmed, unlocked or erased; 0 for none. */
  readonly knownVersion: number;
  /** Unauthenticated replacements that this device knows of. */
  readonly knownResets: number;
  /** Newest version seen at all, for noticing a fleet that was put back. */
  readonly seenVersion: number;
  /**
   * Attempt ids (32 B) of this device's wrong guesses at `failuresVersion`, each proven to be committed; among them perhaps
   * some that a grant has closed since.
   */
  readonly ownFailures: readonly Uint8Array[];
  readonly failuresVersion: number;
  readonly attempt: StoredAttempt | undefined;
  readonly registration: StoredRegistration | undefined;
  /** Version that this device was told to erase and has no receipt for yet. */
  readonly owedErasure: number | undefined;
}

const attemptLayout = struct<StoredAttempt>({ seed: fixed(32), version: u32, failuresBefore: u8 });

const registrationLayout = struct<StoredRegistration>({
  ticketId: fixed(32),
  ticket: bytes(ticketBytesMax),
  resumptionSecret: fixed(32),
  record: fixed(192),
  ksf: ksfLayout,
  payload: bytes(payloadBytesMax),
  budgetMax: u8,
  confirmSecret: fixed(32),
  confirmVersion: optional(u32),
});

const stateLayout = struct<ClientState>({
  configHash: configHashLayout,
  vaultId: vaultIdLayout,
  knownVersion: u32,
  knownResets: u32,
  seenVersion: u32,
  ownFailures: list(fixed(32), budgetLimitMax),
  failuresVersion: u32,
  attempt: optional(attemptLayout),
  registration: optional(registrationLayout),
  owedErasure: optional(u32),
});

const form = { layout: stateLayout, version: 1, bytesMax: stateBytesMax };

/** Starting state of a device that has never seen this vault. */
export function emptyState({ fleet, vaultId }: Vault): ClientState {
  return {
    configHash: fleet.configHash,
    vaultId,
    knownVersion: 0,
    knownResets: 0,
    seenVersion: 0,
    ownFailures: [],
    failuresVersion: 0,
    attempt: undefined,
    registration: undefined,
    owedErasure: undefined,
  };
}

/** The one encoding of a state. It holds secrets. */
export function encodeClientState(state: ClientState): Uint8Array {
  return encodeStored(form, state);
}

/**
 * @throws ClientError `bad-state` for anything that {@link encodeClientState} did not write, `state-version` for another
 * layout version, `other-vault` for a state of another account or fleet. Nothing is repaired and nothing is dropped: the
 * state may hold the only copy of a registration or of an erasure that is owed.
 */
export function decodeClientState(vault: Vault, stored: Uint8Array): ClientState {
  const state = decodeStored(form, stored);
  if (!equalBytes(state.configHash, vault.fleet.configHash) || !equalBytes(state.vaultId, vault.vaultId)) {
    throw new ClientError('other-vault', 'client state of another vault');
  }
  return state;
}
