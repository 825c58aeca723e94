import { equalBytes } from '@coffer/base';
import {
  decodeTrustRoot,
  type Policy,
  type SignedTrustRoot,
  TransparencyError,
  type TrustRoot,
  trustRootMessage,
  verifyRotation,
} from '@coffer/transparency';
import { AuditorError, type RefusalCode } from '../errors.js';
import type { GuardedStore } from '../store/guarded-store.js';
import type { NamespaceNames } from '../store/names.js';

const rotationCodes: readonly RefusalCode[] = ['version-not-next', 'other-log', 'below-threshold', 'revocation-undone'];

/** The trust roots of one namespace, from the one of the configuration to the newest. Each is stored before it is in force. */
export class TrustRoots {
  readonly #store: GuardedStore;
  readonly #names: NamespaceNames;
  readonly #first: number;
  #current: TrustRoot;
  /** Logs and witnesses of all versions: an old checkpoint may be signed by one that has gone since. */
  #signers: Pick<Policy, 'logs' | 'witnesses'>;

  private constructor(store: GuardedStore, names: NamespaceNames, first: TrustRoot) {
    this.#store = store;
    this.#names = names;
    this.#first = first.version;
    this.#current = first;
    this.#signers = first.policy;
  }

  /**
   * Reads the chain.
   * @param first - from the configuration; it begins the chain and stays what it is.
   * @throws AuditorError `bad-config` when another root of that version is stored; `log-damaged` for a chain that breaks.
   */
  static open(store: GuardedStore, names: NamespaceNames, first: Uint8Array): TrustRoots {
    const { trustRoot } = decodeTrustRoot(first);
    const name = names.trustRoot(trustRoot.version);
    const stored = store.read(name);
    if (stored !== undefined && !isSameRoot(openStored(stored), trustRoot))
      throw new AuditorError('bad-config', 'another trust root of that version is stored');
    // The same root may come with more signatures than before.
    if (stored === undefined || !equalBytes(stored, first)) store.write(name, first);
    const roots = new TrustRoots(store, names, trustRoot);
    for (;;) {
      const next = store.read(names.trustRoot(roots.#current.version + 1));
      if (next === undefined) return roots;
      roots.#enter(storedNext(roots.#current, next));
    }
  }

  /** The one in force. */
  get current(): TrustRoot {
    return this.#current;
  }

  /** Everybody whose line a checkpoint of this log may have. */
  get signers(): Pick<Policy, 'logs' | 'witnesses'> {
    return this.#signers;
  }

  /** Bytes of a version; undefined when there is none. */
  read(version: number | 'latest'): Uint8Array | undefined {
    const wanted = version === 'latest' ? this.#current.version : version;
    if (wanted < this.#first || wanted > this.#current.version) return undefined;
    return this.#store.read(this.#names.trustRoot(wanted));
  }

  /**
   * Takes the next version, or the current one again.
   * @returns whether it is new. @throws AuditorError `bad-trust-root`, `version-not-next`, `other-log`,
   *   `below-threshold`, `revocation-undone`, `halted`.
   */
  accept(bytes: Uint8Array): boolean {
    const { trustRoot } = decoded(bytes);
    if (isSameRoot(trustRoot, this.#current)) return false;
    const next = nextRoot(this.#current, bytes);
    this.#store.write(this.#names.trustRoot(next.version), bytes);
    this.#enter(next);
    return true;
  }

  #enter(next: TrustRoot): void {
    this.#current = next;
    const { logs, witnesses } = this.#signers;
    this.#signers = { logs: [...logs, ...next.policy.logs], witnesses: [...witnesses, ...next.policy.witnesses] };
  }
}

const isSameRoot = (a: TrustRoot, b: TrustRoot): boolean => equalBytes(trustRootMessage(a), trustRootMessage(b));

function openStored(bytes: Uint8Array): TrustRoot {
  try {
    return decodeTrustRoot(bytes).trustRoot;
  } catch (cause) {
    throw new AuditorError('log-damaged', 'a stored trust root is none', { cause });
  }
}

function storedNext(current: TrustRoot, bytes: Uint8Array): TrustRoot {
  try {
    return nextRoot(current, bytes);
  } catch (cause) {
    throw new AuditorError('log-damaged', 'a stored trust root does not follow the one before', { cause });
  }
}

function decoded(bytes: Uint8Array): SignedTrustRoot {
  try {
    return decodeTrustRoot(bytes);
  } catch (cause) {
    throw new AuditorError('bad-trust-root', 'not a trust root', { cause });
  }
}

function nextRoot(current: TrustRoot, bytes: Uint8Array): TrustRoot {
  try {
    return verifyRotation(current, decoded(bytes));
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    const code = rotationCodes.find((each) => each === cause.code) ?? 'bad-trust-root';
    throw new AuditorError(code, 'not the next trust root', { cause });
  }
}
