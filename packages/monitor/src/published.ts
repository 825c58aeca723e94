import { hex } from '@coffer/base';
import {
  artifactBytesMax,
  encodeTilePath,
  leafBytesMax,
  noteBytesMax,
  type Tile,
  trustRootBytesMax,
} from '@coffer/transparency';
import { DoubtError } from './doubt.js';
import { entriesBytesMax, evidenceFileBytesMax, plexiBytesMax, tileBytesMax } from './limits.js';
import type { AuditSource } from './source.js';

/** The calls of an auditor's HTTP that an audit makes (docs/spec/transparency.md §11). */
export class Published {
  readonly #source: AuditSource;
  readonly #namespace: string;

  constructor(source: AuditSource, namespace: string) {
    this.#source = source;
    this.#namespace = namespace;
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#needed(`/logs/${this.#namespace}/checkpoint`, noteBytesMax);
  }

  tile(tile: Tile): Promise<Uint8Array> {
    const bytesMax = tile.level === 'entries' ? entriesBytesMax : tileBytesMax;
    return this.#needed(`/logs/${this.#namespace}/${encodeTilePath(tile)}`, bytesMax);
  }

  artifact(digest: Uint8Array): Promise<Uint8Array> {
    return this.#needed(`/artifacts/${hex(digest)}`, artifactBytesMax);
  }

  leaf(epoch: number): Promise<Uint8Array> {
    return this.#needed(`/leaves/${this.#namespace}/${epoch}`, leafBytesMax);
  }

  trustRoot(version: number | 'latest'): Promise<Uint8Array> {
    return this.#needed(`/trust-roots/${this.#namespace}/${version}`, trustRootBytesMax);
  }

  evidence(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#source.get(`/evidence/${hex(digest)}`, evidenceFileBytesMax);
  }

  info(): Promise<Uint8Array> {
    return this.#needed('/info', plexiBytesMax);
  }

  namespaceInfo(): Promise<Uint8Array> {
    return this.#needed(`/namespaces/${this.#namespace}`, plexiBytesMax);
  }

  audit(epoch: number): Promise<Uint8Array> {
    return this.#needed(`/namespaces/${this.#namespace}/audits/${epoch}`, plexiBytesMax);
  }

  lastVerifiedEpoch(): Promise<Uint8Array> {
    return this.#needed(`/namespaces/${this.#namespace}/last-verified-epoch`, plexiBytesMax);
  }

  async #needed(path: string, bytesMax: number): Promise<Uint8Array> {
    const bytes = await this.#source.get(path, bytesMax);
    if (bytes === undefined) throw new DoubtError('missing', `${path} is not there`);
    return bytes;
  }
}
