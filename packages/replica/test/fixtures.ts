import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { compareBytes, fromHex, hex } from '@coffer/base';
import {
  type ConfigHash,
  type EntryHash,
  encodeQuorumCertificate,
  encodeSignedEntry,
  entryHash,
  genesisHash,
  type LeafWrite,
  leavesDigest,
  type RecordKey,
  sealedRecordBytes,
} from '@coffer/protocol';
import { Replica, ReplicaError, type ReplicaOptions, type SnapshotHead, type StoredEntry } from '@coffer/replica';
import { computeRoot, emptyRoot, PartialTree } from '@coffer/tree';

export const digest = (label: string, at: number | string = 0): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${label} ${at}`).digest());

export const configHash = digest('config') as ConfigHash;
export const group = 1;

/** One point of a history, with everything that a replica should hold there. Points may share a past: branches. */
export interface Point {
  readonly index: bigint;
  readonly hash: Uint8Array;
  readonly root: Uint8Array;
  readonly stored: StoredEntry | undefined;
  readonly records: ReadonlyMap<string, Uint8Array>;
  readonly parent: Point | undefined;
}

export const genesis: Point = {
  index: 0n,
  hash: genesisHash(configHash, group),
  root: emptyRoot,
  stored: undefined,
  records: new Map(),
  parent: undefined,
};

export const recordKey = (at: number): RecordKey => digest('record', at) as RecordKey;
export function sealed(content: number | string): Uint8Array {
  const pattern = digest('sealed', content);
  return new Uint8Array(sealedRecordBytes).map((_, at) => pattern[at % 32] as number);
}
export const write = (key: number, content: number | string): LeafWrite => ({
  recordKey: recordKey(key),
  sealed: sealed(content),
});

const contentHash = (content: Uint8Array) => new Uint8Array(createHash('sha256').update(content).digest());

export function rootOf(records: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const leaves = [...records].map(([key, content]) => ({ key: fromHex(key), contentHash: contentHash(content) }));
  return computeRoot(leaves.sort((a, b) => compareBytes(a.key, b.key)));
}

/** The point after `leaves` were written on `parent`; `nonce` tells branches apart, `change` makes a wrong entry. */
export function extend(
  parent: Point,
  leaves: readonly LeafWrite[],
  nonce: number | string = 0,
  change: { readonly group?: number; readonly configHash?: ConfigHash; readonly root?: Uint8Array } = {},
): Point {
  const records = new Map(parent.records);
  for (const leaf of leaves) records.set(hex(leaf.recordKey), leaf.sealed);
  const entry = {
    group,
    configHash,
    term: { round: 1n, leaderId: 1 },
    nonce: digest('nonce', nonce),
    index: parent.index + 1n,
    prevHash: parent.hash as EntryHash,
    root: rootOf(records),
    requestsDigest: digest('requests'),
    repliesRoot: digest('replies'),
    leavesDigest: leavesDigest(leaves),
    count: 1,
    ...change,
  };
  const stored = { entry: encodeSignedEntry({ entry, signature: new Uint8Array(64) }), leaves };
  return { index: entry.index, hash: entryHash(entry), root: entry.root, stored, records, parent };
}

/** A history of `length` entries, each of which writes two records out of `keys`. */
export function history(length: number, from: Point = genesis, nonce: number | string = 0, keys = 12): Point[] {
  const points: Point[] = [];
  let point = from;
  for (let at = 0; at < length; at++) {
    const index = Number(point.index);
    const leaves = [write(index % keys, `${nonce} ${index}`), write((index * 5 + 1) % keys, `${nonce} ${index}b`)];
    point = extend(point, index % keys === (index * 5 + 1) % keys ? leaves.slice(1) : leaves, nonce);
    points.push(point);
  }
  return points;
}

export const storedOf = (points: readonly Point[]): StoredEntry[] => points.map(({ stored }) => stored as StoredEntry);

export function certificateFor(point: { index: bigint; hash: Uint8Array }, round = 1n, inGroup = group): Uint8Array {
  return encodeQuorumCertificate({
    group: inGroup,
    configHash,
    term: { round, leaderId: 1 },
    index: point.index,
    hash: point.hash as EntryHash,
    signatures: [{ hsm: 1, signature: new Uint8Array(64) }],
  });
}

export const headOf = (point: Point): SnapshotHead => ({
  tipEntry: point.stored as StoredEntry,
  certificate: certificateFor(point),
});

export const leavesOf = ({ records }: Point): LeafWrite[] =>
  [...records].map(([key, content]) => ({ recordKey: fromHex(key) as RecordKey, sealed: content }));

export const certify = (replica: Replica, point: Point, round = 1n) =>
  replica.saveCertificate(group, certificateFor(point, round), point.index, point.hash);

export const isCode = (code: string) => (error: unknown) => error instanceof ReplicaError && error.code === code;

export const folder = mkdtempSync(join(tmpdir(), 'coffer-replica-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
export const newPath = () => join(folder, `${files++}.db`);

export const options = (path = ':memory:', more: Partial<ReplicaOptions> = {}): ReplicaOptions => ({
  path,
  configHash,
  groups: 2,
  undoEntriesMax: 8,
  ...more,
});
export const open = (path = ':memory:', more: Partial<ReplicaOptions> = {}) => Replica.open(options(path, more));

/** All that can be seen of the group, as plain data; and it has been verified. */
export function summary(replica: Replica, keys = 16) {
  replica.verify(group);
  const all = Array.from({ length: keys }, (_, at) => recordKey(at));
  const { proof, leaves } = replica.proof(group, all);
  const tree = PartialTree.open(proof, replica.tip(group).root);
  const contents = all.map((key, at) => {
    const [proven, leaf] = [tree.get(key), leaves[at]];
    if (hex(proven ?? new Uint8Array(0)) !== hex(leaf === undefined ? new Uint8Array(0) : contentHash(leaf))) {
      throw new Error('a leaf that its proof does not prove');
    }
    return leaf;
  });
  const { oldestEntry, ...described } = replica.describe()[group] as ReturnType<Replica['describe']>[number];
  const certificate = replica.certificate(group);
  const entries = oldestEntry === undefined ? [] : replica.entries(group, oldestEntry, 64);
  const page = replica.snapshotPage(group, undefined, 1000);
  return { tip: replica.tip(group), described, oldestEntry, contents, certificate, entries, page };
}
