import { concat, hex } from '@coffer/base';
import {
  decodeLeaf,
  decodePlexiMessage,
  decodeTilePath,
  type Leaf,
  leafHash,
  type PlexiAnswer,
  plexiAnswerJson,
  plexiKeyId,
  TransparencyError,
  tileWidth,
} from '@coffer/transparency';
import type { AuditLog } from './log/audit-log.js';

export type NamespaceStatus = 'Online' | 'Initialization' | 'Disabled';

/** What everybody sees of one namespace: nothing beyond the published checkpoint. */
export class NamespaceView {
  readonly #name: string;
  readonly #log: AuditLog;
  readonly #isDisabled: boolean;

  constructor(name: string, log: AuditLog, isDisabled: boolean) {
    this.#name = name;
    this.#log = log;
    this.#isDisabled = isDisabled;
  }

  get size(): number {
    return this.#log.publishedSize ?? 0;
  }

  get status(): NamespaceStatus {
    if (this.#isDisabled) return 'Disabled';
    return this.size === 0 ? 'Initialization' : 'Online';
  }

  /** `NamespaceInfo` of the Plexi API. */
  info() {
    const first = this.#leaf(1);
    return {
      name: this.#name,
      // There is no directory of AKD proofs: our artifacts are no AKD roots.
      log_directory: null,
      root: first === undefined ? null : `1/${hex(first.leaf.digest)}`,
      ...(this.size === 0 ? {} : { last_verified_epoch: this.size }),
      status: this.status,
      reports_uri: `/namespaces/${this.#name}/reports`,
      audits_uri: `/namespaces/${this.#name}/audits`,
      signature_version: 1,
      ciphersuite: 1,
    };
  }

  /** `SignatureResponse` of the Plexi API; undefined for an epoch that is not public. */
  audit(epoch: number) {
    const found = this.#leaf(epoch);
    return found === undefined ? undefined : plexiAnswerJson(plexiAnswerOf(found.leaf));
  }

  /** `LastVerifiedEpoch` of the Plexi API. */
  lastVerifiedEpoch() {
    const found = this.#leaf(this.size);
    if (found === undefined) return undefined;
    const { leaf, bytes } = found;
    const before = this.#leaf(this.size - 1)?.leaf.digest ?? new Uint8Array(32);
    return {
      // Cloudflare's auditor works in jobs with random ids. Here the leaf is the job: always the same id for it.
      job_id: uuidOf(leafHash(bytes)),
      epoch: leaf.epoch,
      start_hash: hex(before),
      end_hash: hex(leaf.digest),
      timestamp: decodePlexiMessage(leaf.auditor.message).timestampMs,
    };
  }

  checkpoint(): Uint8Array | undefined {
    return this.#log.published?.bytes;
  }

  checkpointAt(size: number): Uint8Array | undefined {
    return size <= this.size ? this.#log.checkpointAt(size) : undefined;
  }

  leaf(epoch: number): Uint8Array | undefined {
    return this.#leaf(epoch)?.bytes;
  }

  /** @param path - as in tlog-tiles, from `tile/` on. @returns undefined for a path that is none, too. */
  tile(path: string): { readonly bytes: Uint8Array; readonly isFull: boolean } | undefined {
    try {
      const tile = decodeTilePath(path);
      const { level, index, width } = tile;
      const count = Math.floor(this.size / tileWidth ** (level === 'entries' ? 0 : level));
      const bytes = index * tileWidth + width <= count ? this.#log.tile(tile) : undefined;
      return bytes === undefined ? undefined : { bytes, isFull: width === tileWidth };
    } catch (error) {
      if (error instanceof TransparencyError) return undefined;
      throw error;
    }
  }

  #leaf(epoch: number): { readonly leaf: Leaf; readonly bytes: Uint8Array } | undefined {
    const bytes = epoch <= this.size ? this.#log.leaf(epoch) : undefined;
    return bytes === undefined ? undefined : { leaf: decodeLeaf(bytes), bytes };
  }
}

export function plexiAnswerOf({ auditor }: Leaf): PlexiAnswer {
  const { message, signature, key } = auditor;
  return { message: decodePlexiMessage(message), signature, keyId: plexiKeyId(key) };
}

/** A version 8 UUID (RFC 9562 §5.8) of the first 122 bits. */
function uuidOf(hash: Uint8Array): string {
  const bytes = concat(hash.subarray(0, 16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
