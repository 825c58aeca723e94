import type { LedgerRow } from '@coffer/ledger';
import {
  decodeSignedEntry,
  type EntryHash,
  encodeSignedEntry,
  type FleetDescriptor,
  type LeafWrite,
  leafWritesLayout,
  type SignedEntry,
  verifyEntrySignature,
} from '@coffer/protocol';
import type { StoredEntry } from '@coffer/replica';
import { bytes, decode, encode, struct } from '@coffer/wire';
import { AgentError } from './errors.js';

/** An encoded signed entry takes less than half of this. */
const entryBytesMax = 1_024;

const storedEntryLayout = struct<StoredEntry>({ entry: bytes(entryBytesMax), leaves: leafWritesLayout });

/** An entry with everything that a site must hold of it; `bytes` is the same for every site and the ledger's row body. */
export interface LogEntry {
  readonly signed: SignedEntry;
  readonly hash: EntryHash;
  readonly stored: StoredEntry;
  readonly bytes: Uint8Array;
}

/** What a leader makes of its HSM's answer. */
export function newLogEntry(signed: SignedEntry, hash: EntryHash, leaves: readonly LeafWrite[]): LogEntry {
  const stored = { entry: encodeSignedEntry(signed), leaves };
  return { signed, hash, stored, bytes: encode(storedEntryLayout, stored) };
}

/** The bytes in which a stored entry travels. */
export const encodeStoredEntry = (stored: StoredEntry): Uint8Array => encode(storedEntryLayout, stored);

/**
 * Decodes bytes from outside and checks that they are of this group and that their leader signed them: a replica must
 * not be filled with what no HSM ever made. Whether the leaves belong to it is for the replica to check.
 * @throws WireError; AgentError `refused`; ProtocolError `bad-statement`.
 */
export function verifyLogEntry(fleet: FleetDescriptor, group: number, bytes: Uint8Array): LogEntry {
  const stored = decode(storedEntryLayout, bytes);
  const signed = decodeSignedEntry(stored.entry);
  if (signed.entry.group !== group) throw new AgentError('refused', 'an entry of another group');
  return { signed, hash: verifyEntrySignature(fleet, signed), stored, bytes };
}

/** The ledger's row for an entry: exactly the bytes that every site stores. */
export function ledgerRow({ signed, hash, bytes }: Omit<LogEntry, 'stored'>): LedgerRow {
  const { index, prevHash, term } = signed.entry;
  return { index, hash, prevHash, term, body: bytes };
}
