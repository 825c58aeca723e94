import { createHash } from 'node:crypto';
import { fromHex, hex } from '@coffer/base';
import { computeRoot, type NodeWrite, PartialTree, type Path, TreeError, type TreeStore } from '@coffer/tree';
import type { Leaves } from './oracle.js';

/** A store in memory that counts what is read. */
export class MemoryStore implements TreeStore {
  readonly nodes = new Map<string, Uint8Array>();
  reads = 0;

  node(path: Path): Uint8Array | undefined {
    this.reads++;
    return this.nodes.get(hex(path));
  }

  write(writes: readonly NodeWrite[]): void {
    for (const { path, node } of writes) this.nodes.set(hex(path), node);
  }
}

/** 32 bytes that look random, by number. */
export const digest = (label: string, at: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${label} ${at}`).digest());

export const sorted = (leaves: Leaves) =>
  [...leaves.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, content]) => ({ key: fromHex(key), contentHash: fromHex(content) }));

export function storeOf(leaves: Leaves): { store: MemoryStore; root: Uint8Array } {
  const store = new MemoryStore();
  const root = computeRoot(sorted(leaves), (write) => store.write([write]));
  return { store, root };
}

/** `count` leaves with pseudo-random keys. */
export const manyLeaves = (count: number): Leaves =>
  new Map(Array.from({ length: count }, (_, at) => [hex(digest('key', at)), hex(digest('content', at))]));

export const proofFor = (store: TreeStore, keys: readonly Uint8Array[]) => PartialTree.load(store, keys).encodeProof();

export const isCode = (code: string) => (error: unknown) => error instanceof TreeError && error.code === code;

/** A 32-byte key that starts with the given nibbles and goes on with `fill`. */
export const keyAt = (start: string, fill = '0'): Uint8Array => fromHex(start.padEnd(64, fill));
