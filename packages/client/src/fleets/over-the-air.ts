import { type Clock, equalBytes } from '@coffer/base';
import {
  type ConfigHash,
  decodeFleetDescriptor,
  encodeFleetDescriptor,
  type FleetDescriptor,
  type KnownEpoch,
} from '@coffer/protocol';
import {
  type ClientTrust,
  decodeClientTrust,
  decodeTrustRoot,
  encodeClientTrust,
  newClientTrust,
  standardWaiting,
  TransparencyError,
  type TrustRoot,
  trustAge,
  type VerifiedBundle,
  verifyBundle,
  type WaitingPolicy,
} from '@coffer/transparency';
import { ClientError } from '../errors.js';
import type { News } from '../exchange.js';
import { postTriesMax, trustRefreshMs } from '../limits.js';
import type { FleetWarning } from '../outcomes.js';
import type { OverTheAirTransport } from '../ports.js';
import { type Patience, retrying } from '../retrying.js';
import type { DeviceKeeper } from './device-keeper.js';
import type { StoredFleet } from './device-state.js';
import { fetchBundle, fetchTrustRoots } from './fetch-news.js';
import type { FleetBook } from './fleet-book.js';
import { provenFraud } from './proven-fraud.js';

/** An app that pins a trust root instead of a fleet. */
export interface OverTheAir {
  readonly type: 'over-the-air';
  /** Bytes of a trust root that is compiled into the app. */
  readonly trustRoot: Uint8Array;
  readonly namespace: string;
  /** Of the log. */
  readonly origin: string;
  /** Fleets that the app vouches for, oldest first: a new device can use them before it has seen any bundle. */
  readonly compiledIn?: readonly FleetDescriptor[];
  /** Default: 72 hours for every fleet that is not compiled in. */
  readonly waiting?: WaitingPolicy;
}

interface Held {
  readonly fleet: FleetDescriptor;
  readonly status: StoredFleet['status'];
}

/** Fleets as validation bundles list them. */
export class OverTheAirBook implements FleetBook {
  readonly #choice: OverTheAir;
  readonly #keeper: DeviceKeeper;
  readonly #transport: OverTheAirTransport;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #waiting: WaitingPolicy;
  readonly #onFraud: ((fraudProof: Uint8Array) => void) | undefined;
  #trustRoot: TrustRoot;
  #trust: ClientTrust;
  #held: readonly Held[];
  /** Why there is no news, when there should be. */
  #refusal: string | undefined;
  /** The newest proven fraud, with its proof. */
  #fraud: ClientError | undefined;
  /** This call of the app met it, and sends nothing more. */
  #isStopped = false;

  /** @throws ClientError `bad-state`; TransparencyError `bad-trust-root` for the one compiled in. */
  constructor(
    choice: OverTheAir,
    keeper: DeviceKeeper,
    transport: OverTheAirTransport,
    patience: Patience,
    onFraud?: (fraudProof: Uint8Array) => void,
  ) {
    const { trustRoot, namespace, origin, compiledIn = [], waiting = standardWaiting() } = choice;
    this.#choice = choice;
    this.#keeper = keeper;
    this.#transport = transport;
    this.#clock = patience.clock;
    this.#patience = patience;
    this.#onFraud = onFraud;
    this.#waiting = { ...waiting, exempt: [...waiting.exempt, ...compiledIn.map(({ configHash }) => configHash)] };
    const own = decodeTrustRoot(trustRoot).trustRoot;
    const { state } = keeper;
    const stored = state.trustRoot.length === 0 ? own : opened(() => decodeTrustRoot(state.trustRoot).trustRoot);
    if (own.namespace !== namespace || own.origin !== origin || stored.namespace !== namespace)
      throw new ClientError('bad-argument', 'a trust root of another namespace or log');
    // An update of the app may bring a newer root than the one that was followed to here.
    this.#trustRoot = own.version > stored.version ? own : stored;
    this.#trust = state.trust.length === 0 ? newClientTrust : opened(() => decodeClientTrust(state.trust));
    this.#held = this.#trust.epoch > 0 ? heldOf(state.fleets) : compiledIn.map(servingFleet);
  }

  usable(): readonly FleetDescriptor[] {
    return this.#held.flatMap(({ fleet, status }) => (status === 'revoked' ? [] : [fleet]));
  }

  target(): FleetDescriptor | undefined {
    return this.#held.filter(({ status }) => status === 'serving').at(-1)?.fleet;
  }

  isTrustOld(): boolean {
    return trustAge(this.#trust, this.#clock.nowMs()).isTooOld;
  }

  warnings(): readonly FleetWarning[] {
    const { ageMs, isTooOld } = trustAge(this.#trust, this.#clock.nowMs());
    return [
      ...(isTooOld ? [{ type: 'old-trust', ageMs } as const] : []),
      ...(this.#refusal === undefined ? [] : [{ type: 'no-news', code: this.#refusal } as const]),
      ...fraudWarnings(this.#fraud),
    ];
  }

  beginCall(): void {
    this.#isStopped = false;
  }

  async refreshIfDue(): Promise<void> {
    const { ageMs } = trustAge(this.#trust, this.#clock.nowMs());
    if (ageMs >= trustRefreshMs || this.usable().length === 0) await this.refresh();
  }

  async refresh(): Promise<void> {
    this.#mayContinue();
    // Without trust that is new enough nothing goes on: a new device would tell its person of seven days without news
    // because one gateway was just being started.
    const triesMax = this.isTrustOld() ? postTriesMax : 1;
    await this.#quietly(() =>
      retrying(this.#patience, triesMax, async () =>
        this.#accept(await fetchBundle(this.#transport, this.#known().size)),
      ),
    );
  }

  newsFor(configHash: ConfigHash): News {
    return {
      known: () => {
        this.#mayContinue();
        return this.#known();
      },
      take: async (bundle) => {
        await this.#quietly(() => this.#accept(bundle));
        // It may be this very fleet that is not to be used any more: then the call ends before its next message.
        if (!this.usable().some((fleet) => equalBytes(fleet.configHash, configHash)))
          throw new ClientError('fleet-revoked', 'this fleet must not be used any more');
      },
    };
  }

  /**
   * Asked before everything that is sent: many a step of a call is allowed to fail, and none of them may be what goes on
   * with a service that shows two histories. @throws ClientError `log-fraud`.
   */
  #mayContinue(): void {
    if (this.#isStopped && this.#fraud !== undefined) throw this.#fraud;
  }

  #known(): KnownEpoch {
    return { epoch: this.#trust.epoch, size: this.#trust.checkpoint?.size ?? 0 };
  }

  /** A bundle that does not hold leaves everything as it was; a proven fraud ends the call. */
  async #quietly(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.#refusal = undefined;
    } catch (error) {
      if (!(error instanceof ClientError) || error.code === 'store' || error.code === 'log-fraud') throw error;
      this.#refusal = error.cause instanceof TransparencyError ? error.cause.code : error.code;
    }
  }

  /** Verifies, then stores, and only then uses. @throws ClientError `bundle-refused`, `log-fraud`, `store`, `network`. */
  async #accept(bundle: Uint8Array): Promise<void> {
    const { namespace, origin } = this.#choice;
    const roots = await fetchTrustRoots(this.#transport, this.#trustRoot, bundle);
    const { newest: trustRoot } = roots;
    let verified: VerifiedBundle;
    try {
      verified = verifyBundle({
        bundle,
        trustRoot,
        clientTrust: this.#trust,
        nowMs: this.#clock.nowMs(),
        expectations: { namespace, origin },
        waiting: this.#waiting,
      });
    } catch (cause) {
      if (!(cause instanceof TransparencyError)) throw cause;
      const fraudProof = provenFraud(this.#trust, bundle, trustRoot);
      if (fraudProof !== undefined) throw this.#stopped(cause, fraudProof);
      throw new ClientError('bundle-refused', 'a validation bundle that does not hold', { cause });
    }
    const held = this.#heldAfter(verified);
    // The checkpoint is on disk before any key that it brings is used: after a crash the log could otherwise show this
    // device an older state, in which a fleet was not revoked yet.
    await this.#keeper.update({
      trustRoot:
        roots.bytes ?? (this.#keeper.state.trustRoot.length === 0 ? this.#choice.trustRoot : this.#rootBytes()),
      trust: encodeClientTrust(verified.clientTrust),
      fleets: held.map(({ fleet, status }) => ({ descriptor: encodeFleetDescriptor(fleet), status })),
    });
    this.#trustRoot = trustRoot;
    this.#trust = verified.clientTrust;
    this.#held = held;
  }

  #stopped(cause: TransparencyError, fraudProof: Uint8Array): ClientError {
    this.#fraud = new ClientError('log-fraud', 'the log signed two histories', { cause, fraudProof });
    this.#isStopped = true;
    this.#onFraud?.(fraudProof);
    return this.#fraud;
  }

  /** The bytes of the root in use: the stored ones, or those of an app that brought a newer one. */
  #rootBytes(): Uint8Array {
    const { trustRoot } = this.#keeper.state;
    const stored = opened(() => decodeTrustRoot(trustRoot).trustRoot);
    return stored.version < this.#trustRoot.version ? this.#choice.trustRoot : trustRoot;
  }

  /**
   * In the artifact's order: what may be used now, what was accepted before and is listed still, and what is revoked,
   * whether it was ever accepted or not. A fleet that is not listed any more is gone. One that this device has seen revoked
   * stays revoked, whoever signs otherwise later: keys that were given up, perhaps because they leaked, do not become good
   * again.
   */
  #heldAfter({ listed, fleets }: VerifiedBundle): readonly Held[] {
    return listed.flatMap(({ descriptor: fleet, status }): readonly Held[] => {
      const is = ({ configHash }: FleetDescriptor): boolean => equalBytes(configHash, fleet.configHash);
      const before = this.#held.find((held) => is(held.fleet));
      if (status === 'revoked' || before?.status === 'revoked') return [{ fleet, status: 'revoked' }];
      const isKnown = before !== undefined || fleets.some(({ descriptor }) => is(descriptor));
      return isKnown ? [{ fleet, status }] : [];
    });
  }
}

const fraudWarnings = (fraud: ClientError | undefined): FleetWarning[] =>
  fraud?.fraudProof === undefined ? [] : [{ type: 'log-fraud', fraudProof: fraud.fraudProof }];

const servingFleet = (fleet: FleetDescriptor): Held => ({ fleet, status: 'serving' });

const heldOf = (fleets: readonly StoredFleet[]): readonly Held[] =>
  fleets.map(({ descriptor, status }) => ({ fleet: opened(() => decodeFleetDescriptor(descriptor)), status }));

/** Of the device's own state, which was written whole. @throws ClientError `bad-state`. */
function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw new ClientError('bad-state', 'stored trust is malformed', { cause });
  }
}
