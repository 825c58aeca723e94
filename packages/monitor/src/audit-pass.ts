import { type Clock, equalBytes } from '@coffer/base';
import {
  checkpointAgeMsMax,
  decodeEntryBundle,
  type Leaf,
  leafHash,
  openCheckpoint,
  quorumNewest,
  type SignedCheckpoint,
  type TrustRoot,
  tileWidth,
  tileWidthIn,
} from '@coffer/transparency';
import { auditEpoch, type EpochReport, type EpochState, loadEpoch } from './audited-epoch.js';
import { contradicted, type KnownCheckpoint, loggedLeaf, openKnown } from './cross-checks.js';
import { type Doubt, DoubtError, Doubts, doubtOf, orDoubt } from './doubt.js';
import type { EvidenceVerifier } from './evidence-audit.js';
import { compareExhibits, type Exhibits, type FoundLog, verifyGrown, verifyLogKeys } from './exhibits.js';
import { epochsAheadMax } from './limits.js';
import { verifyInfo, verifyLastEpoch, verifyNamespaceInfo } from './plexi-checks.js';
import type { Published } from './published.js';
import { readAhead } from './read-ahead.js';
import type { RootChain } from './root-chain.js';
import type { AuditSource } from './source.js';
import type { CountedTile, TreeRecount } from './tree-recount.js';

export interface LogAuditOptions {
  readonly source: AuditSource;
  /** The root that is believed; everything else follows from it. */
  readonly trustRoot: TrustRoot;
  readonly evidence: EvidenceVerifier;
  readonly clock: Clock;
  /** Called for each epoch, oldest first. */
  readonly onEpoch?: (report: EpochReport) => void;
  /** Other places where the same log is shown, which must not be another one. */
  readonly others?: readonly AuditSource[];
}

/** What one pass found. */
export interface AuditReport {
  readonly namespace: string;
  readonly origin: string;
  /** Epochs of the log: leaves of its checkpoint. 0 when there was none to look at. */
  readonly size: number;
  /** How many of them this pass has checked. */
  readonly epochs: number;
  readonly trustRootVersion: number;
  /** The quorum-th newest cosignature, milliseconds since 1970. */
  readonly cosignedMs?: number;
  /** Names of the witnesses that cosigned. */
  readonly witnesses: readonly string[];
  /** Bytes of the checkpoint that the log was found to have; to be kept, and shown to the next audit. */
  readonly checkpoint?: Uint8Array;
  /** Empty: nothing is doubted. */
  readonly doubts: readonly Doubt[];
  readonly doubtCount: number;
}

/** What a pass begins with, and leaves for the next one. */
export interface AuditState extends EpochState {
  readonly roots: RootChain;
  readonly recount: TreeRecount;
  readonly first: Leaf | undefined;
  readonly checkpoint: KnownCheckpoint | undefined;
}

/** One pass over everything that is new. */
export class AuditPass {
  readonly #options: LogAuditOptions;
  readonly #published: Published;
  readonly #doubts = new Doubts();
  #state: AuditState;
  #signed: SignedCheckpoint | undefined;
  #known: KnownCheckpoint | undefined;
  #epochs = 0;
  isWhole = false;

  constructor(options: LogAuditOptions, published: Published, state: AuditState) {
    this.#options = options;
    this.#published = published;
    this.#state = { ...state, recount: state.recount.copy() };
  }

  get state(): AuditState {
    return this.#state;
  }

  async run(exhibits: Exhibits): Promise<AuditReport> {
    try {
      this.#state = { ...this.#state, roots: await this.#state.roots.advance(this.#published) };
      const known = await this.#openCheckpoint();
      await this.#compareWithLast(known);
      await this.#walk(known);
      await this.#verifyTree(known);
      this.#state = { ...this.#state, checkpoint: known };
      this.isWhole = true;
      await this.#verifyPlexi(known);
      await compareExhibits(this.#found(known), exhibits, this.#options.others ?? [], this.#doubts);
    } catch (error) {
      this.#doubts.add(doubtOf(error));
    }
    return this.#report();
  }

  async #openCheckpoint(): Promise<KnownCheckpoint> {
    const note = await this.#published.checkpoint();
    const root = this.#state.roots.newest;
    const known = openKnown(note, root);
    const signed = openCheckpoint(note, root.policy);
    [this.#signed, this.#known] = [signed, known];
    await this.#doubts.keep(undefined, () => verifyLogKeys(known, this.#state.roots));
    await this.#doubts.keep(undefined, () => this.#verifyFresh(signed));
    return known;
  }

  #verifyFresh({ cosignedMs }: SignedCheckpoint): void {
    const newestMs = quorumNewest(this.#state.roots.newest.policy, cosignedMs);
    if (newestMs === undefined)
      throw new DoubtError('witness-quorum', `${cosignedMs.size} witnesses cosigned, which is no quorum`);
    const ageMs = this.#options.clock.nowMs() - newestMs;
    if (ageMs > checkpointAgeMsMax)
      throw new DoubtError(
        'stale',
        `a quorum stood behind it ${Math.round(ageMs / 3_600_000)} hours ago, and not since`,
      );
  }

  /** The recount would notice another past as well, but only this makes a case of it. @throws DoubtError as {@link verifyGrown}. */
  async #compareWithLast(known: KnownCheckpoint): Promise<void> {
    const last = this.#state.checkpoint;
    if (last !== undefined) await verifyGrown(this.#found(known), last);
  }

  /** Every entry, in order: into the tree again, and through all checks of an epoch. */
  async #walk(known: KnownCheckpoint): Promise<void> {
    for (let at = this.#state.recount.size; at < known.size; at = this.#state.recount.size) {
      const index = Math.floor(at / tileWidth);
      const entries = await this.#entries(index, tileWidthIn(known.size, 'entries', index));
      const fresh = entries.slice(at - index * tileWidth).map((entry, i) => ({ entry, epoch: at + i + 1 }));
      const loading = readAhead(fresh, epochsAheadMax, ({ entry, epoch }) => loadEpoch(this.#published, epoch, entry));
      for await (const files of loading) {
        for (const tile of this.#state.recount.append(leafHash(files.entry))) await this.#compareTile(tile);
        const { state, report } = await auditEpoch(files, this.#state, {
          published: this.#published,
          roots: this.#state.roots,
          namespace: this.#options.trustRoot.namespace,
          evidence: this.#options.evidence,
          doubts: this.#doubts,
          accuse: async (epoch, entry, answer) =>
            contradicted(answer, await loggedLeaf(this.#published, epoch, known, entry), this.#state.roots.newest),
        });
        this.#state = { ...this.#state, ...state, first: this.#state.first ?? firstOf(state) };
        this.#epochs++;
        if (report !== undefined) this.#options.onEpoch?.(report);
      }
    }
  }

  /** A bundle of entries, whose first ones may have been counted before. @throws DoubtError `tile`, `missing`. */
  async #entries(index: number, width: number): Promise<readonly Uint8Array[]> {
    const bytes = await this.#published.tile({ level: 'entries', index, width });
    const entries = orDoubt('tile', `the entries ${index} are not ${width}`, () => decodeEntryBundle(bytes, width));
    const isSame = this.#state.recount.pending.every((hash, i) => equalBytes(hash, leafHash(entries[i] as Uint8Array)));
    if (!isSame) throw new DoubtError('tile', `the entries ${index} are not what they were`);
    return entries;
  }

  async #compareTile({ level, index, width, bytes }: CountedTile): Promise<void> {
    await this.#doubts.keep(undefined, async () => {
      const shown = await this.#published.tile({ level, index, width });
      if (!equalBytes(shown, bytes))
        throw new DoubtError('tile', `tile ${index} of level ${level} is not made of the log’s entries`);
    });
  }

  async #verifyTree(known: KnownCheckpoint): Promise<void> {
    for (const tile of this.#epochs === 0 ? [] : this.#state.recount.partial()) await this.#compareTile(tile);
    if (equalBytes(this.#state.recount.root, known.root)) return;
    throw new DoubtError('tree-root', `the entries do not make the tree of ${known.size} leaves that the log signed`);
  }

  async #verifyPlexi({ size }: KnownCheckpoint): Promise<void> {
    const { before, first, roots } = this.#state;
    const { namespace } = this.#options.trustRoot;
    await this.#doubts.keep(undefined, async () => verifyInfo(await this.#published.info(), namespace, roots));
    await this.#doubts.keep(undefined, async () =>
      verifyNamespaceInfo(await this.#published.namespaceInfo(), namespace, size, first),
    );
    if (before === undefined || before.leaf.epoch !== size) return;
    const { leaf } = before;
    await this.#doubts.keep(size, async () => verifyLastEpoch(await this.#published.lastVerifiedEpoch(), leaf));
    await this.#doubts.keep(size, () => {
      if (this.#options.clock.nowMs() > leaf.notAfterMs)
        throw new DoubtError('expired', 'no client takes the newest epoch any more');
    });
  }

  #found(known: KnownCheckpoint): FoundLog {
    return { published: this.#published, roots: this.#state.roots, known };
  }

  #report(): AuditReport {
    const { trustRoot } = this.#options;
    const { roots } = this.#state;
    const cosignedMs = this.#signed && quorumNewest(roots.newest.policy, this.#signed.cosignedMs);
    return {
      namespace: trustRoot.namespace,
      origin: trustRoot.origin,
      size: this.#known?.size ?? 0,
      epochs: this.#epochs,
      trustRootVersion: roots.newest.version,
      ...(cosignedMs === undefined ? {} : { cosignedMs }),
      witnesses: [...(this.#signed?.cosignedMs.keys() ?? [])],
      ...(this.isWhole && this.#known !== undefined ? { checkpoint: this.#known.note } : {}),
      doubts: this.#doubts.list,
      doubtCount: this.#doubts.count,
    };
  }
}

const firstOf = ({ before }: EpochState): Leaf | undefined => (before?.leaf.epoch === 1 ? before.leaf : undefined);
