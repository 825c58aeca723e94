import { equalBytes, hex } from '@coffer/base';
import {
  decodeTrustRoot,
  rotationsMax,
  type TrustRoot,
  trustRootMessage,
  verifyKeyInForce,
  verifyRotation,
} from '@coffer/transparency';
import { DoubtError, orDoubt } from './doubt.js';
import type { Published } from './published.js';

/**
 * The trust roots from the one that was given to the newest, each verified by the one before. Older ones are not to be
 * had: nothing but themselves would vouch for them.
 */
export class RootChain {
  readonly #roots: readonly TrustRoot[];

  constructor(roots: readonly TrustRoot[]) {
    this.#roots = roots;
  }

  get newest(): TrustRoot {
    return this.#roots[this.#roots.length - 1] as TrustRoot;
  }

  /** Newest first. */
  get all(): readonly TrustRoot[] {
    return [...this.#roots].reverse();
  }

  /**
   * The root that was in force for a leaf. Leaves from before the given root are held to that one.
   * @throws DoubtError `trust-root-version` for one that nobody has published.
   */
  of(version: number): TrustRoot {
    const [first] = this.#roots as [TrustRoot];
    const root = this.#roots[Math.max(0, version - first.version)];
    if (root === undefined) throw new DoubtError('trust-root-version', `no trust root ${version} was published`);
    return root;
  }

  /**
   * A root as it judges what its leaves name: those whom a later one drops were in office then, but what any root has
   * revoked stays revoked, at the smallest size of all.
   * @throws DoubtError `trust-root-version` as {@link of}.
   */
  judging(version: number): TrustRoot {
    const revocations = new Map<string, TrustRoot['revocations'][number]>();
    for (const revocation of this.#roots.flatMap((root) => root.revocations)) {
      const key = hex(revocation.key);
      const known = revocations.get(key);
      if (known === undefined || revocation.revokedAtSize < known.revokedAtSize) revocations.set(key, revocation);
    }
    return { ...this.of(version), revocations: [...revocations.values()] };
  }

  /** @throws TransparencyError `key-revoked` when any root says so: one may be dropped together with its revocation. */
  verifyInForce(key: Uint8Array, size: number): void {
    for (const root of this.#roots) verifyKeyInForce(root, key, size);
  }

  /** Fetches and verifies what was published since. @throws DoubtError `trust-roots`, `missing`. */
  async advance(published: Published): Promise<RootChain> {
    const roots = [...this.#roots];
    const latest = await published.trustRoot('latest');
    const why = 'the newest trust root is not well-formed';
    const shown = orDoubt('trust-roots', why, () => decodeTrustRoot(latest)).trustRoot;
    const { version } = shown;
    if (version - this.newest.version > rotationsMax) throw new DoubtError('trust-roots', 'a chain over its limit');
    if (version < this.newest.version)
      throw new DoubtError('trust-roots', `the newest one shown is ${version}, and ${this.newest.version} is known`);
    for (let next = this.newest.version + 1; next <= version; next++) {
      const bytes = await published.trustRoot(next);
      const before = roots[roots.length - 1] as TrustRoot;
      const why = `trust root ${next} does not follow from the one before`;
      roots.push(orDoubt('trust-roots', why, () => verifyRotation(before, decodeTrustRoot(bytes))));
    }
    const last = roots[roots.length - 1] as TrustRoot;
    if (!equalBytes(trustRootMessage(last), trustRootMessage(shown)))
      throw new DoubtError('trust-roots', `there are two trust roots ${version}`);
    return new RootChain(roots);
  }
}
