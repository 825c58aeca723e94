import { type Clock, equalBytes } from '@coffer/base';
import {
  checkpointAgeMsMax,
  decodeEntryBundle,
  emptyArtifactHistory,
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
import {
  contradicted,
  isSameStatement,
  type KnownCheckpoint,
  loggedLeaf,
  openBundleLeaf,
  openEarlier,
  openKnown,
  unlogged,
  verifyOneHistory,
} from './cross-checks.js';
import { type Doubt, DoubtError, Doubts, doubtOf, orDoubt } from './doubt.js';
import { openLeaf } from './epoch-checks.js';
import type { EvidenceVerifier } from './evidence-audit.js';
import { epochsAheadMax } from './limits.js';
import { verifyInfo, verifyLastEpoch, verifyNamespaceInfo } from './plexi-checks.js';
import { Published } from './published.js';
import { readAhead } from './read-ahead.js';
import { RootChain } from './root-chain.js';
import type { AuditSource } from './source.js';
import { type CountedTile, TreeRecount } from './tree-recount.js';

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

/** What somebody has from elsewhere, and what the log is held against. */
export interface Exhibits {
  /** Checkpoints that it showed before, to whomever: bytes of notes. */
  readonly checkpoints?: readonly Uint8Array[];
  /** Validation bundles that were handed out: bytes of `encodeBundle`. */
  readonly bundles?: readonly Uint8Array[];
}

interface State extends EpochState {
  readonly roots: RootChain;
  readonly recount: TreeRecount;
  readonly first: Leaf | undefined;
  readonly checkpoint: KnownCheckpoint | undefined;
}

/**
 * Audits a whole log from nothing but its address and a trust root, and then goes on with what is new. It holds one epoch,
 * the right edge of the tree and the list of fleets, however long the log is.
 */
export class LogAudit {
  readonly #options: LogAuditOptions;
  readonly #published: Published;
  #state: State;

  constructor(options: LogAuditOptions) {
    this.#options = options;
    this.#published = new Published(options.source, options.trustRoot.namespace);
    this.#state = {
      roots: new RootChain([options.trustRoot]),
      recount: new TreeRecount(),
      history: emptyArtifactHistory,
      before: undefined,
      entry: undefined,
      first: undefined,
      trustRootVersion: 1,
      judged: new Set(),
      checkpoint: undefined,
    };
  }

  /** The newest trust root that a whole pass has followed, from the given one on. */
  get trustRoot(): TrustRoot {
    return this.#state.roots.newest;
  }

  /**
   * Checks everything since the last pass; the first time, everything. A pass that ended early, because something did not
   * answer or the tree is not the one that was signed, changes nothing: the next one begins where it began.
   */
  async advance(exhibits: Exhibits = {}): Promise<AuditReport> {
    const pass = new Pass(this.#options, this.#published, this.#state);
    const report = await pass.run(exhibits);
    if (pass.isWhole) this.#state = pass.state;
    return report;
  }
}

class Pass {
  readonly #options: LogAuditOptions;
  readonly #published: Published;
  readonly #doubts = new Doubts();
  #state: State;
  #signed: SignedCheckpoint | undefined;
  #known: KnownCheckpoint | undefined;
  #epochs = 0;
  isWhole = false;

  constructor(options: LogAuditOptions, published: Published, state: State) {
    this.#options = options;
    this.#published = published;
    this.#state = { ...state, recount: state.recount.copy() };
  }

  get state(): State {
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
      await this.#compare(known, exhibits);
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
    await this.#doubts.keep(undefined, () => this.#verifyLogKeys(known));
    await this.#doubts.keep(undefined, () => this.#verifyFresh(signed));
    return known;
  }

  /** Whoever stole a revoked key can sign any tree. It accuses nobody. @throws DoubtError `key-revoked`. */
  #verifyLogKeys({ logs, size }: KnownCheckpoint): void {
    for (const { key } of logs) {
      orDoubt('key-revoked', 'a checkpoint is signed by a log key that was revoked before', () =>
        this.#state.roots.verifyInForce(key, size),
      );
    }
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

  /**
   * A log only grows. The recount would notice another past as well, but only this makes a case of it.
   * @throws DoubtError `split-view`, `rollback`, `tile`, `missing`.
   */
  async #compareWithLast(known: KnownCheckpoint): Promise<void> {
    const last = this.#state.checkpoint;
    if (last !== undefined) await this.#verifyOneHistory(known, last);
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

  async #compare(known: KnownCheckpoint, { checkpoints = [], bundles = [] }: Exhibits): Promise<void> {
    const root = this.#state.roots.newest;
    for (const note of checkpoints) {
      const shown = await this.#doubts.keep(undefined, () => {
        const opened = openEarlier(note, this.#state.roots.all);
        this.#verifyLogKeys(opened);
        return opened;
      });
      if (shown !== undefined) await this.#doubts.keep(undefined, () => this.#verifyOneHistory(known, shown));
    }
    for (const other of this.#options.others ?? []) {
      await this.#doubts.keep(undefined, async () => {
        const published = new Published(other, root.namespace);
        const shown = openKnown(await published.checkpoint(), root);
        await verifyOneHistory([known, shown], shown.size > known.size ? published : this.#published, root);
      });
    }
    for (const bundle of bundles) await this.#doubts.keep(undefined, () => this.#compareBundle(known, bundle));
  }

  /** A checkpoint that the log showed at another time. One that is larger than all that is there now is a rollback. */
  async #verifyOneHistory(known: KnownCheckpoint, shown: KnownCheckpoint): Promise<void> {
    try {
      await verifyOneHistory([known, shown], this.#published, this.#state.roots.newest);
    } catch (cause) {
      // The tiles of the larger tree are gone with it.
      const isGone = cause instanceof DoubtError && (cause.code === 'missing' || cause.code === 'tile');
      if (!isGone || shown.size <= known.size) throw cause;
    }
    if (shown.size > known.size)
      throw new DoubtError('rollback', `it has signed a tree of ${shown.size} leaves, and shows one of ${known.size}`);
  }

  async #compareBundle(known: KnownCheckpoint, bundle: Uint8Array): Promise<void> {
    const root = this.#state.roots.newest;
    const { leaf, bytes } = openBundleLeaf(bundle, root);
    if (leaf.epoch > known.size) throw unlogged(bytes, { checkpoint: this.#known?.note ?? known.note }, root);
    const index = Math.floor((leaf.epoch - 1) / tileWidth);
    const width = tileWidthIn(known.size, 'entries', index);
    const tile = await this.#published.tile({ level: 'entries', index, width });
    const entries = orDoubt('tile', 'the entries are not there', () => decodeEntryBundle(tile, width));
    const entry = entries[(leaf.epoch - 1) % tileWidth] as Uint8Array;
    if (equalBytes(entry, bytes) || isSameStatement(openLeaf(entry), leaf)) return;
    throw unlogged(bytes, await loggedLeaf(this.#published, leaf.epoch, known, entry), root);
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
