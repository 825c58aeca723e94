import { u16be, u32be } from '@coffer/base';
import { isEd25519Signature, sha256 } from '@coffer/crypto';
import { decode, encode, fixed, list, struct, u16, u64 } from '@coffer/wire';
import { ProtocolError } from './errors.js';
import { type FleetDescriptor, memberById } from './fleet-descriptor.js';
import {
  type ConfigHash,
  configHashLayout,
  type EntryHash,
  entryHashLayout,
  labelledHash,
  type RecordKey,
  recordKeyLayout,
  type VaultId,
} from './ids.js';
import { batchRequestsMax, sealedRecordBytes } from './limits.js';
import { type Term, termLayout } from './term.js';

/**
 * One batch of one group, as all members agree on it. It binds the exact requests, replies and changed leaves, because a
 * certificate for an entry that did not would let two guesses with equal roots share it (docs/spec/consensus.md §2).
 */
export interface Entry {
  readonly group: number;
  readonly configHash: ConfigHash;
  readonly term: Term;
  /** 32 bytes, fresh at each assumption of leadership. */
  readonly nonce: Uint8Array;
  readonly index: bigint;
  readonly prevHash: EntryHash;
  /** Tree root after the batch. */
  readonly root: Uint8Array;
  readonly requestsDigest: Uint8Array;
  readonly repliesRoot: Uint8Array;
  readonly leavesDigest: Uint8Array;
  /** Requests (and replies) in the batch, 1 to 256. */
  readonly count: number;
}

export interface SignedEntry {
  readonly entry: Entry;
  /** 64 bytes: the leader's Ed25519 signature over {@link entrySignatureMessage}. */
  readonly signature: Uint8Array;
}

/** A record that a batch rewrote. */
export interface LeafWrite {
  readonly recordKey: RecordKey;
  /** {@link sealedRecordBytes} bytes. */
  readonly sealed: Uint8Array;
}

export const entryLayout = struct<Entry>({
  group: u16,
  configHash: configHashLayout,
  term: termLayout,
  nonce: fixed(32),
  index: u64,
  prevHash: entryHashLayout,
  root: fixed(32),
  requestsDigest: fixed(32),
  repliesRoot: fixed(32),
  leavesDigest: fixed(32),
  count: u16,
});

export const signedEntryLayout = struct<SignedEntry>({ entry: entryLayout, signature: fixed(64) });
export const leafWriteLayout = struct<LeafWrite>({ recordKey: recordKeyLayout, sealed: fixed(sealedRecordBytes) });
export const leafWritesLayout = list(leafWriteLayout, batchRequestsMax);

export const encodeSignedEntry = (signed: SignedEntry): Uint8Array => encode(signedEntryLayout, signed);
/** @throws WireError. The signature is not checked; see {@link verifyEntrySignature}. */
export const decodeSignedEntry = (bytes: Uint8Array): SignedEntry => decode(signedEntryLayout, bytes);

/** `SHA-256("coffer/entry/v1" ‖ canonical bytes)`. */
export function entryHash(entry: Entry): EntryHash {
  return labelledHash('coffer/entry/v1', encode(entryLayout, entry)) as EntryHash;
}

/** What stands at index 0 of every chain of this fleet and group. */
export function genesisHash(configHash: ConfigHash, group: number): EntryHash {
  return labelledHash('coffer/genesis/v1', configHash, u16be(group)) as EntryHash;
}

/** The bytes that the leader signs. */
export function entrySignatureMessage(hash: EntryHash): Uint8Array {
  return labelledHash('coffer/entry-signature/v1', hash);
}

/** @returns the entry's hash. @throws ProtocolError `bad-statement` unless the leader of `entry.term` signed it. */
export function verifyEntrySignature(fleet: FleetDescriptor, signed: SignedEntry): EntryHash {
  const leader = memberById(fleet, signed.entry.term.leaderId);
  const hash = entryHash(signed.entry);
  if (leader === undefined || !isEd25519Signature(leader.key, entrySignatureMessage(hash), signed.signature)) {
    throw new ProtocolError('bad-statement', 'entry: not signed by its leader');
  }
  return hash;
}

/** Digest of the changed leaves, in the order of their record keys as listed. */
export function leavesDigest(leaves: readonly LeafWrite[]): Uint8Array {
  return labelledHash(
    'coffer/leaves/v1',
    u32be(leaves.length),
    ...leaves.flatMap(({ recordKey, sealed }) => [recordKey, sha256(sealed)]),
  );
}

/** Digest of a batch's requests in batch order, each with the vault it was executed for. */
export function requestsDigest(
  requests: readonly { readonly vaultId: VaultId; readonly request: Uint8Array }[],
): Uint8Array {
  return labelledHash(
    'coffer/requests/v1',
    u32be(requests.length),
    ...requests.flatMap(({ vaultId, request }) => [vaultId, sha256(request)]),
  );
}
