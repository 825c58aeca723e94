import type { Clock, Timers } from '@coffer/base';
import { decodeTrustRoot, type NoteSigner, noteSigner, TransparencyError, type TrustRoot } from '@coffer/transparency';
import { AuditedNamespace } from './audited-namespace.js';
import { AuditorError } from './errors.js';
import { createAuditorApp } from './http/app.js';
import { type AuditorLimits, defaultLimits, turnsMax } from './limits.js';
import type { AuditorEvent, AuditorStore, EvidenceCheck, Witnesses } from './ports.js';
import { publicFiles } from './public-files.js';
import { type AuditorKey, verifyAuditorKeys } from './signing-keys.js';
import { GuardedStore } from './store/guarded-store.js';
import { Turns } from './turns.js';

export interface NamespaceOptions {
  /** Bytes of the first trust root, which names namespace, log and witnesses. Later ones come over HTTP. */
  readonly trustRoot: Uint8Array;
  /** 32-byte seeds of the log's keys; the first that is in force signs. */
  readonly logSeeds: readonly Uint8Array[];
  /** It takes nothing new and answers 400 for its epochs. Its log stays public. */
  readonly isDisabled?: boolean;
}

export interface AuditorOptions {
  readonly namespaces: readonly NamespaceOptions[];
  /** The first that is in force signs. */
  readonly auditorKeys: readonly AuditorKey[];
  /** Nobody else writes to it. */
  readonly store: AuditorStore;
  readonly evidence: EvidenceCheck;
  readonly witnesses: Witnesses;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits?: Partial<AuditorLimits>;
  readonly onEvent?: (event: AuditorEvent) => void;
}

export interface Auditor {
  /** Serves one HTTP request. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Has the newest checkpoint cosigned again. @returns whether a quorum answered. @throws AuditorError. */
  refresh(namespace: string): Promise<boolean>;
  /** Begins to refresh by itself. */
  start(): void;
  /** Ends that, and waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Opens an auditor on what is stored, all of which it reads and checks first.
 * @throws AuditorError `bad-config`, `log-truncated`, `log-forked`, `log-damaged`, `no-signing-key`, `halted`.
 */
export function openAuditor(options: AuditorOptions): Auditor {
  const { clock, timers, onEvent = () => undefined, auditorKeys } = options;
  const limits = { ...defaultLimits, ...options.limits };
  verifyAuditorKeys(auditorKeys);
  const store = new GuardedStore(options.store, (cause) => onEvent({ type: 'halted', cause }));
  const namespaces = new Map<string, AuditedNamespace>();
  for (const { trustRoot, logSeeds, isDisabled = false } of options.namespaces) {
    const { namespace: name, origin } = openRoot(trustRoot);
    if (namespaces.has(name)) throw new AuditorError('bad-config', 'one namespace twice');
    const turns = new Turns(turnsMax);
    const logSigners = logSeeds.map((seed) => logSigner(origin, seed));
    const own = { ...options, store, trustRoot, logSigners, isDisabled, turns, onEvent };
    namespaces.set(name, AuditedNamespace.open(name, own));
  }
  if (namespaces.size === 0) throw new AuditorError('bad-config', 'no namespace');
  const files = publicFiles(store, namespaces);
  const app = createAuditorApp({ namespaces, auditorKeys, files, clock, timers, limits, onEvent });
  const refreshers = [...namespaces.values()].map((namespace) => new Refresher(namespace, timers, limits, onEvent));
  return {
    fetch: async (request) => app.fetch(request),
    async refresh(name) {
      const namespace = namespaces.get(name);
      if (namespace === undefined) throw new AuditorError('unknown-namespace', 'no such namespace');
      return namespace.refresh();
    },
    start: () => {
      for (const refresher of refreshers) refresher.start();
    },
    stop: async () => {
      await Promise.all(refreshers.map((refresher) => refresher.stop()));
    },
  };
}

function logSigner(origin: string, seed: Uint8Array): NoteSigner {
  try {
    return noteSigner(origin, 'log', seed);
  } catch (cause) {
    throw new AuditorError('bad-config', 'not a key of a log', { cause });
  }
}

function openRoot(trustRoot: Uint8Array): TrustRoot {
  try {
    return decodeTrustRoot(trustRoot).trustRoot;
  } catch (cause) {
    if (cause instanceof TransparencyError) throw new AuditorError('bad-config', 'not a trust root', { cause });
    throw cause;
  }
}

/** Keeps a namespace's cosignatures fresh: clients refuse those of a quorum that are over 48 hours old. */
class Refresher {
  readonly #namespace: AuditedNamespace;
  readonly #timers: Timers;
  readonly #limits: AuditorLimits;
  readonly #onEvent: (event: AuditorEvent) => void;
  #cancel: () => void = () => undefined;
  #isRunning = false;
  #round: Promise<void> = Promise.resolve();

  constructor(
    namespace: AuditedNamespace,
    timers: Timers,
    limits: AuditorLimits,
    onEvent: (event: AuditorEvent) => void,
  ) {
    this.#namespace = namespace;
    this.#timers = timers;
    this.#limits = limits;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#isRunning = true;
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
    await this.#round;
  }

  #begin(): void {
    this.#round = this.#refresh();
  }

  async #refresh(): Promise<void> {
    let isEnough = false;
    try {
      isEnough = await this.#namespace.refresh();
    } catch (error) {
      const code = error instanceof AuditorError ? error.code : 'internal';
      this.#onEvent({ type: 'refused', code, ...(code === 'internal' ? { cause: error } : {}) });
    }
    if (!this.#isRunning) return;
    const delayMs = isEnough ? this.#limits.refreshMs : Math.min(this.#limits.retryMs, this.#limits.refreshMs);
    this.#cancel = this.#timers.after(delayMs, () => this.#begin());
  }
}
