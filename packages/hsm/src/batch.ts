import { type Entropy, equalBytes, hex } from '@coffer/base';
import { CryptoError, sha256 } from '@coffer/crypto';
import { type FleetDescriptor, groupOf, type LeafWrite, type RecordKey, recordKeyOf } from '@coffer/protocol';
import { PartialTree, TreeError } from '@coffer/tree';
import { WireError } from '@coffer/wire';
import { refuse } from './errors.js';
import type { FleetKeys } from './fleet-secrets.js';
import type { BatchItem, ItemPlace } from './host-api.js';
import { absentRecord, openRecord, sealRecord, type VaultRecord, zeroRecord } from './record.js';
import { executeRequest } from './vault/execute.js';

export interface BatchContext {
  readonly fleet: FleetDescriptor;
  readonly keys: FleetKeys;
  readonly entropy: Entropy;
  readonly group: number;
  /** Tree root that the batch before this one left. */
  readonly root: Uint8Array;
}

/** What a batch did, before it is an entry. */
export interface BatchOutcome {
  readonly root: Uint8Array;
  readonly leaves: readonly LeafWrite[];
  /** Sealed replies of the items that opened, in batch order. */
  readonly replies: readonly Uint8Array[];
  /** The items that opened. */
  readonly executed: readonly BatchItem[];
  readonly places: readonly ItemPlace[];
}

/**
 * Executes a batch on the state that the host proves. The host chooses the batch; it cannot choose the state: every leaf
 * is checked against the root that the entry before this one committed to.
 *
 * @throws Refusal `bad-request`, `bad-group`, `duplicate-record`, `bad-proof`. Nothing has changed then.
 */
export function executeBatch(context: BatchContext, items: readonly BatchItem[], proof: Uint8Array): BatchOutcome {
  if (items.length === 0) refuse('bad-request', 'empty batch');
  const recordKeys = recordKeysOf(context, items);
  const tree = openTree(proof, context.root);
  const records: VaultRecord[] = [];
  try {
    for (const [i, { leaf }] of items.entries()) {
      records.push(provenRecord(context, tree, recordKeys[i] as RecordKey, leaf));
    }
    return executeProven(context, tree, items, recordKeys, records);
  } finally {
    records.forEach(zeroRecord);
  }
}

function executeProven(
  context: BatchContext,
  tree: PartialTree,
  items: readonly BatchItem[],
  recordKeys: readonly RecordKey[],
  records: readonly VaultRecord[],
): BatchOutcome {
  const { fleet, keys, entropy } = context;
  const leaves: LeafWrite[] = [];
  const replies: Uint8Array[] = [];
  const executed: BatchItem[] = [];
  const places: ItemPlace[] = [];
  for (const [i, item] of items.entries()) {
    const recordKey = recordKeys[i] as RecordKey;
    const stepContext = { vault: { fleet, vaultId: item.vaultId }, keys, entropy };
    const done = executeRequest(stepContext, records[i] as VaultRecord, item.request);
    places.push(done === undefined ? undefined : replies.length);
    if (done === undefined) continue;
    // Re-sealed under a fresh salt whether it changed or not: storage shows no outcomes (consensus rule 9).
    const sealed = sealRecord(keys.recordSecret, place(context, recordKey), done.record, entropy);
    zeroRecord(done.record);
    tree.set(recordKey, sha256(sealed));
    leaves.push({ recordKey, sealed });
    replies.push(done.sealedReply);
    executed.push(item);
  }
  return { root: tree.root(), leaves, replies, executed, places };
}

/**
 * At most one request per record (safety rule 2): a batch that held a thousand KE1s for one vault would execute each on
 * the same old state and charge once.
 */
function recordKeysOf({ fleet, keys, group }: BatchContext, items: readonly BatchItem[]): RecordKey[] {
  const seen = new Set<string>();
  return items.map(({ vaultId }) => {
    // A vault belongs to one group; in a second one it would have a second record and a second budget.
    if (groupOf(vaultId, fleet.groups) !== group) refuse('bad-group', 'a vault of another group');
    const recordKey = recordKeyOf(keys.indexKey, vaultId);
    const name = hex(recordKey);
    if (seen.has(name)) refuse('duplicate-record', 'two requests for one record');
    seen.add(name);
    return recordKey;
  });
}

function openTree(proof: Uint8Array, root: Uint8Array): PartialTree {
  try {
    return PartialTree.open(proof, root);
  } catch (cause) {
    if (cause instanceof TreeError || cause instanceof WireError)
      refuse('bad-proof', 'the proof does not match the root');
    throw cause;
  }
}

function provenRecord(
  context: BatchContext,
  tree: PartialTree,
  recordKey: RecordKey,
  leaf: Uint8Array | undefined,
): VaultRecord {
  const proven = contentHashIn(tree, recordKey);
  if ((proven === undefined) !== (leaf === undefined))
    refuse('bad-proof', 'a leaf that is there or missing against the proof');
  if (proven === undefined || leaf === undefined) return absentRecord;
  if (!equalBytes(sha256(leaf), proven)) refuse('bad-proof', 'a leaf that is not the proven one');
  try {
    return openRecord(context.keys.recordSecret, place(context, recordKey), leaf);
  } catch (cause) {
    if (cause instanceof CryptoError || cause instanceof WireError)
      refuse('bad-proof', 'a leaf that this fleet did not seal');
    throw cause;
  }
}

function contentHashIn(tree: PartialTree, recordKey: RecordKey): Uint8Array | undefined {
  try {
    return tree.get(recordKey);
  } catch (cause) {
    if (cause instanceof TreeError) refuse('bad-proof', 'the proof does not cover a record');
    throw cause;
  }
}

const place = ({ fleet, group }: BatchContext, recordKey: RecordKey) => ({ fleet, group, recordKey });
