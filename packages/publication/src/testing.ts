/** Reads a test world of `@coffer/transparency/testing`; for tests, not part of what ships. */

import { equalBytes, fromHex } from '@coffer/base';
import { artifactDigest, decodeTilePath, encodeTile, type Tile, tileWidthIn } from '@coffer/transparency';
import type { World } from '@coffer/transparency/testing';
import { PublicationError } from './errors.js';
import type { LogReader } from './log-reader.js';

export interface WorldReaderOptions {
  readonly size: number;
  /** When the witnesses last cosigned the newest checkpoint, and when they first cosigned that of each size. */
  readonly newestMs: number;
  readonly firstMs: (size: number) => number | undefined;
}

/** Reads a test world as if it had been published up to `size`, and counts. A test changes any method to break it. */
export class WorldReader implements LogReader {
  readonly asked: string[] = [];
  /** Published trust roots, from version 1. */
  readonly roots: Uint8Array[] = [];
  readonly #world: World;
  /** May be changed: the log goes on. */
  options: WorldReaderOptions;

  constructor(world: World, options: WorldReaderOptions) {
    this.#world = world;
    this.options = options;
  }

  async checkpoint(): Promise<Uint8Array> {
    const { size, newestMs } = this.options;
    return this.#world.checkpoint(size, [newestMs, newestMs, newestMs]);
  }

  async checkpointAt(size: number): Promise<Uint8Array> {
    this.asked.push(`checkpoint ${size}`);
    const firstMs = this.options.firstMs(size);
    if (firstMs === undefined) throw missing();
    return this.#world.checkpoint(size, [firstMs, firstMs]);
  }

  async tile(path: string): Promise<Uint8Array> {
    this.asked.push(path);
    const tile = decodeTilePath(path);
    const { level } = tile;
    if (level === 'entries' || tile.width > tileWidthIn(this.options.size, level, tile.index)) throw missing();
    return encodeTile(tile as Tile & { level: number }, this.#world.read);
  }

  async leaf(epoch: number): Promise<Uint8Array> {
    return this.#world.leaves[epoch - 1] ?? Promise.reject(missing());
  }

  async artifact(digest: Uint8Array): Promise<Uint8Array> {
    const found = this.#world.artifacts.find((artifact) => equalBytes(artifactDigest(artifact), digest));
    return found ?? Promise.reject(missing());
  }

  async trustRoot(version: number): Promise<Uint8Array> {
    return this.roots[version - 1] ?? Promise.reject(missing());
  }
}

export const missing = (): PublicationError => new PublicationError('not-published', 'none');

/** What an auditor's HTTP answers at `path`: the other side of `httpLogReader`. */
export function answerPath(reader: WorldReader, path: string): Promise<Uint8Array> {
  const [, kind, second = '', rest = ''] = /^\/([a-z-]+)\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
  switch (kind) {
    case 'logs':
      return rest === 'checkpoint' ? reader.checkpoint() : reader.tile(rest);
    case 'leaves':
      return reader.leaf(Number(rest));
    case 'artifacts':
      return reader.artifact(fromHex(second));
    case 'checkpoints':
      return reader.checkpointAt(Number(rest));
    case 'trust-roots':
      return reader.trustRoot(Number(rest));
    default:
      return Promise.reject(missing());
  }
}
