import { hex } from '@coffer/base';
import { encodeTilePath, type Tile } from '@coffer/transparency';

/** At most a thousand files in a folder. */
const numbered = (folder: string, value: number): string => `${folder}/${Math.floor(value / 1000)}/${value}`;
const byDigest = (folder: string, digest: Uint8Array): string => `${folder}/${hex(digest).slice(0, 2)}/${hex(digest)}`;

/** Bytes of an artifact, whatever namespace it is of. */
export const artifactName = (digest: Uint8Array): string => byDigest('artifacts', digest);
/** One file of somebody's evidence. */
export const evidenceName = (digest: Uint8Array): string => byDigest('evidence', digest);
/** Which epoch a digest was signed for. */
export const digestName = (digest: Uint8Array): string => byDigest('digests', digest);

/** Where the files of one namespace are. */
export class NamespaceNames {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  readonly trustRoot = (version: number): string => numbered(`${this.#namespace}/trust-roots`, version);
  /** What was signed for an epoch. */
  readonly record = (epoch: number): string => numbered(`${this.#namespace}/epochs`, epoch);
  readonly leaf = (epoch: number): string => numbered(`${this.#namespace}/leaves`, epoch);
  /** A full tile, or a full bundle of entries. */
  readonly tile = (tile: Tile): string => `${this.#namespace}/${encodeTilePath(tile)}`;
  /** The checkpoint of a size with the earliest cosignatures. */
  readonly checkpoint = (size: number): string => numbered(`${this.#namespace}/checkpoints`, size);
  /** The newest checkpoint that was signed. */
  get head(): string {
    return `${this.#namespace}/head`;
  }
  /** The newest one that a quorum cosigned, which is the one that everybody sees. */
  get published(): string {
    return `${this.#namespace}/published`;
  }
}
