import { concat, type Entropy, u16be, utf8, zero } from '@coffer/base';
import { committingOverheadBytes, hkdf, openCommitting, sealCommitting } from '@coffer/crypto';
import {
  budgetLimitMax,
  type FleetDescriptor,
  type KsfParameters,
  ksfLayout,
  payloadBytesMax,
  type RecordKey,
  sealedRecordBytes,
  type VaultState,
} from '@coffer/protocol';
import {
  bool,
  bytes,
  decode,
  encode,
  enumerated,
  fixed,
  list,
  optional,
  pad,
  struct,
  u8,
  u32,
  u64,
  unpad,
} from '@coffer/wire';

/** What a registration leaves behind: everything that answers a recovery. */
export interface Credential {
  /** OPRF key, drawn for this registration and stored nowhere else: overwrite it and every guess is worthless. */
  readonly oprfKey: Uint8Array;
  /** OPAQUE registration record, 192 B. */
  readonly opaqueRecord: Uint8Array;
  readonly ksf: KsfParameters;
  readonly payload: Uint8Array;
  readonly confirmHash: Uint8Array;
  /** Guesses that a full budget holds, 1 to 10. */
  readonly budgetMax: number;
}

/** A registration that waits for its confirm. It answers no recovery (safety rule 4). */
export interface Pending {
  readonly ticketId: Uint8Array;
  /** Whether it was started by somebody who had just proven the live password. */
  readonly authenticated: boolean;
  readonly credential: Credential;
}

/**
 * One vault. The guesses spent are *the list of open attempts itself*: `failures` is its length and `budget` is what is
 * left of `budgetMax`, so that no code path can change one of the three and forget the others.
 */
export interface VaultRecord {
  /** + 1 at confirm, erase and destroy; never reset. */
  readonly version: number;
  /** + 1 whenever a field changes; never reset. */
  readonly seq: bigint;
  readonly state: VaultState;
  /** Exactly when `state` is `live`. */
  readonly live: Credential | undefined;
  /** Guesses charged and not refunded since the last grant, as 32-byte attempt ids. */
  readonly openAttempts: readonly Uint8Array[];
  /** Confirms at version > 0 by somebody who had not proven the old password. */
  readonly resets: number;
  readonly pending: Pending | undefined;
}

/** From here on only a destruction raises the version once more, so that a u32 always holds it. */
export const versionMax = 0xffff_fffe;

/** The record of a vault that was never written. */
export const absentRecord: VaultRecord = {
  version: 0,
  seq: 0n,
  state: 'none',
  live: undefined,
  openAttempts: [],
  resets: 0,
  pending: undefined,
};

/** Guesses left. */
export const budgetOf = (record: VaultRecord): number =>
  record.live === undefined ? 0 : record.live.budgetMax - record.openAttempts.length;

export const credentialLayout = struct<Credential>({
  oprfKey: fixed(32),
  opaqueRecord: fixed(192),
  ksf: ksfLayout,
  payload: bytes(payloadBytesMax),
  confirmHash: fixed(32),
  budgetMax: u8,
});

const recordLayout = struct<VaultRecord>({
  version: u32,
  seq: u64,
  state: enumerated<VaultState>(['none', 'live', 'destroyed', 'erased']),
  live: optional(credentialLayout),
  openAttempts: list(fixed(32), budgetLimitMax),
  resets: u32,
  pending: optional(struct<Pending>({ ticketId: fixed(32), authenticated: bool, credential: credentialLayout })),
});

/** Where a record lives; its sealing key and associated data. */
export interface RecordPlace {
  readonly fleet: FleetDescriptor;
  readonly group: number;
  readonly recordKey: RecordKey;
}

/** Always {@link sealedRecordBytes} bytes under a fresh salt, also when nothing changed: storage shows no outcomes. */
export function sealRecord(
  recordSecret: Uint8Array,
  place: RecordPlace,
  record: VaultRecord,
  entropy: Entropy,
): Uint8Array {
  const plaintext = encode(recordLayout, record);
  const padded = pad(plaintext, sealedRecordBytes - committingOverheadBytes);
  const key = recordSealingKey(recordSecret, place);
  const sealed = sealCommitting(key, recordInfo, placeBytes(place), padded, entropy);
  zero(key, padded, plaintext);
  return sealed;
}

/** @throws CryptoError `open-failed`, WireError. */
export function openRecord(recordSecret: Uint8Array, place: RecordPlace, sealed: Uint8Array): VaultRecord {
  const key = recordSealingKey(recordSecret, place);
  const padded = openCommitting(key, recordInfo, placeBytes(place), sealed);
  const plaintext = unpad(padded);
  const record = decode(recordLayout, plaintext);
  zero(key, padded, plaintext);
  return record;
}

/** Overwrites the secrets of a record that is no longer needed in memory. */
export function zeroRecord(record: VaultRecord): void {
  for (const credential of [record.live, record.pending?.credential]) {
    if (credential !== undefined) zero(credential.oprfKey, credential.opaqueRecord, credential.payload);
  }
}

const recordInfo = utf8('coffer/record/v1');

const placeBytes = ({ fleet, group, recordKey }: RecordPlace): Uint8Array =>
  concat(fleet.fleetId, fleet.configHash, u16be(group), recordKey);

const recordSealingKey = (recordSecret: Uint8Array, place: RecordPlace): Uint8Array =>
  hkdf('sha256', new Uint8Array(32), recordSecret, concat(recordInfo, placeBytes(place)), 32);
