import type { Clock, Timers } from '@coffer/base';
import { buildBundle, type LogReader, PublicationError, rebaseBundle } from '@coffer/publication';
import {
  type ClientTrust,
  decodeCheckpoint,
  decodeLeaf,
  decodeNote,
  decodeTrustRoot,
  newClientTrust,
  TransparencyError,
  type TrustRoot,
  verifyBundle,
  verifyRotations,
  waitingMs as waitingMsDefault,
} from '@coffer/transparency';
import { bundleRefreshMsDefault, cachedBundlesMax } from './limits.js';
import type { BundleSource, NewestEpoch } from './ports.js';

export interface LogBundleSourceOptions {
  readonly reader: LogReader;
  /** Bytes of a trust root that this gateway's operator vouches for; newer ones are fetched. */
  readonly trustRoot: Uint8Array;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long clients want a fleet to have been public. Default: the 72 hours that clients want. */
  readonly waitingMs?: number;
  /** Default {@link bundleRefreshMsDefault}. */
  readonly refreshMs?: number;
  readonly log?: (event: BundleEvent) => void;
}

/** What a refresh came to. `code` is that of the error. */
export type BundleEvent =
  | { readonly type: 'bundle-verified'; readonly epoch: number; readonly size: number }
  | { readonly type: 'bundle-refresh-failed'; readonly code: string };

/** One verified state of the log. Everything handed out is cut from it. */
interface Snapshot extends NewestEpoch {
  readonly bundle: Uint8Array;
  /** By the size that a client named; the one used last is last. */
  readonly rebased: Map<number, Promise<Uint8Array>>;
}

/**
 * Bundles of a published log. It is a client of that log itself: it verifies a bundle as clients do before it hands any
 * out, and keeps the last good one when the next is refused or the log is down.
 */
export class LogBundleSource implements BundleSource {
  readonly #options: LogBundleSourceOptions;
  readonly #rootBytes = new Map<number, Uint8Array>();
  readonly #roots = new Map<number, TrustRoot>();
  readonly #failures = new Map<string, number>();
  #newestRoot: TrustRoot;
  #trust: ClientTrust = newClientTrust;
  #snapshot: Snapshot | undefined;
  #refreshing: Promise<NewestEpoch> | undefined;
  #stop = (): void => undefined;
  #isStopped = false;

  /** @throws TransparencyError `bad-trust-root`. */
  constructor(options: LogBundleSourceOptions) {
    this.#options = options;
    this.#newestRoot = decodeTrustRoot(options.trustRoot).trustRoot;
    this.#keepRoot(this.#newestRoot, options.trustRoot);
  }

  newest(): NewestEpoch | undefined {
    return this.#snapshot;
  }

  failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  async bundleFrom(size: number): Promise<Uint8Array | undefined> {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || size > snapshot.size) return undefined;
    const { rebased, bundle } = snapshot;
    const cached = rebased.get(size) ?? rebaseBundle(this.#options.reader, bundle, size);
    rebased.delete(size);
    rebased.set(size, cached);
    for (const oldest of rebased.keys()) {
      if (rebased.size <= cachedBundlesMax) break;
      rebased.delete(oldest);
    }
    // A failure is not kept: the log may be back for the next one.
    cached.catch(() => rebased.delete(size));
    return cached;
  }

  async trustRoot(version: number): Promise<Uint8Array | undefined> {
    const known = this.#rootBytes.get(version);
    if (known !== undefined || version < 1 || version > this.#newestRoot.version) return known;
    // Older than the operator's own: for a client that was away for long. It checks the whole chain itself.
    return this.#options.reader.trustRoot(version);
  }

  refresh(): Promise<NewestEpoch> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Refreshes now, and again and again until {@link stop}. */
  start(): void {
    const { timers, refreshMs = bundleRefreshMsDefault } = this.#options;
    const next = (): void => {
      if (!this.#isStopped) this.#stop = timers.after(refreshMs, () => this.start());
    };
    // The failure is counted and logged; the next try is what is to be done about it.
    this.refresh().then(next, next);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stop();
  }

  async #refresh(): Promise<NewestEpoch> {
    const { log = () => undefined } = this.#options;
    try {
      const snapshot = await this.#verified();
      this.#snapshot = snapshot;
      log({ type: 'bundle-verified', epoch: snapshot.epoch, size: snapshot.size });
      return snapshot;
    } catch (error) {
      const code = error instanceof PublicationError || error instanceof TransparencyError ? error.code : 'internal';
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
      log({ type: 'bundle-refresh-failed', code });
      throw error;
    }
  }

  async #verified(): Promise<Snapshot> {
    const { reader, clock, waitingMs = waitingMsDefault } = this.#options;
    const note = await reader.checkpoint();
    const { size } = decodeCheckpoint(decodeNote(note).text);
    if (size === 0) throw new PublicationError('not-published', 'the log is empty');
    const trustRoot = await this.#rootOf(decodeLeaf(await reader.leaf(size)).trustRootVersion);
    const fromSize = this.#trust.checkpoint?.size ?? 0;
    const bundle = await buildBundle(at(reader, note), { trustRoot, fromSize, waitingMs });
    const { namespace, origin } = trustRoot;
    const verified = verifyBundle({
      bundle,
      trustRoot,
      clientTrust: this.#trust,
      nowMs: clock.nowMs(),
      expectations: { namespace, origin },
    });
    this.#trust = verified.clientTrust;
    const { epoch, witnessedMs } = verified;
    return { epoch, size, witnessedMs, bundle, rebased: new Map([[fromSize, Promise.resolve(bundle)]]) };
  }

  /** The root of this version, after every root up to it was verified. @throws TransparencyError, PublicationError. */
  async #rootOf(version: number): Promise<TrustRoot> {
    while (this.#newestRoot.version < version) {
      const bytes = await this.#options.reader.trustRoot(this.#newestRoot.version + 1);
      this.#newestRoot = verifyRotations(this.#newestRoot, [bytes]);
      this.#keepRoot(this.#newestRoot, bytes);
    }
    const root = this.#roots.get(version);
    if (root === undefined) throw new TransparencyError('trust-root-version', 'older than the configured trust root');
    return root;
  }

  #keepRoot(root: TrustRoot, bytes: Uint8Array): void {
    this.#roots.set(root.version, root);
    this.#rootBytes.set(root.version, bytes);
  }
}

/** The log as it was at this checkpoint: the next one may come while a bundle is put together. */
function at(reader: LogReader, checkpoint: Uint8Array): LogReader {
  return {
    checkpoint: async () => checkpoint,
    checkpointAt: (size) => reader.checkpointAt(size),
    tile: (path) => reader.tile(path),
    leaf: (epoch) => reader.leaf(epoch),
    artifact: (digest) => reader.artifact(digest),
    trustRoot: (version) => reader.trustRoot(version),
  };
}
