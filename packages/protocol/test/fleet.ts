import type { Entropy } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, sha256, xwingKeyPair } from '@coffer/crypto';
import {
  type Cap,
  capMessage,
  decodeFleetDescriptor,
  type Entry,
  type EntryHash,
  encodeFleetDescriptor,
  type FleetDescriptor,
  type FleetId,
  genesisHash,
  repliesRoot,
  type Signed,
} from '@coffer/protocol';

/** 32-byte seed of a member's identity; only for tests. */
export const seedOf = (id: number): Uint8Array => new Uint8Array(32).fill(id);

const { publicKey } = xwingKeyPair(new Uint8Array(32).fill(77));

export function descriptorBytes(
  options: { members?: number; quorum?: number; rollbackTolerance?: number; budgetLimit?: number } = {},
): Uint8Array {
  const { members = 5, quorum = 3, rollbackTolerance = 0, budgetLimit = 10 } = options;
  return encodeFleetDescriptor({
    fleetId: new Uint8Array(16).fill(1) as FleetId,
    quorum,
    rollbackTolerance,
    groups: 2,
    budgetLimit,
    channelKey: publicKey,
    opaqueKey: new Uint8Array(32).fill(2),
    members: Array.from({ length: members }, (_, i) => ({
      id: i + 1,
      site: `site-${i + 1}`,
      key: ed25519PublicKey(seedOf(i + 1)),
    })),
  });
}

export const testFleet = (options = {}): FleetDescriptor => decodeFleetDescriptor(descriptorBytes(options));

export const fixedEntropy = (byte: number): Entropy => ({ bytes: (length) => new Uint8Array(length).fill(byte) });

/** An entry of group 0 that contains `replies`. */
export function entryWith(fleet: FleetDescriptor, replies: readonly Uint8Array[], fields: Partial<Entry> = {}): Entry {
  return {
    group: 0,
    configHash: fleet.configHash,
    term: { round: 1n, leaderId: 1 },
    nonce: new Uint8Array(32).fill(3),
    index: 1n,
    prevHash: genesisHash(fleet.configHash, 0),
    root: sha256(),
    requestsDigest: sha256(),
    repliesRoot: repliesRoot(replies),
    leavesDigest: sha256(),
    count: replies.length,
    ...fields,
  };
}

export function capBy(
  fleet: FleetDescriptor,
  id: number,
  index: bigint,
  hash: EntryHash,
  fields: Partial<Cap> = {},
): Signed<Cap> {
  const statement: Cap = {
    hsm: id,
    group: 0,
    configHash: fleet.configHash,
    term: { round: 1n, leaderId: 1 },
    index,
    hash,
    ...fields,
  };
  return { statement, signature: ed25519Sign(seedOf(id), capMessage(statement)) };
}
