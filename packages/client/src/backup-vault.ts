import { type Clock, type Entropy, hex, type Timers, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { type FleetDescriptor, type KsfParameters, vaultIdOf } from '@coffer/protocol';
import { VaultClient } from './client.js';
import { ClientError } from './errors.js';
import { DeviceKeeper } from './fleets/device-keeper.js';
import { eraseEverywhere, type VaultEraseOutcome } from './fleets/erase-everywhere.js';
import { type FleetBook, pinnedBook } from './fleets/fleet-book.js';
import { type FleetsSession, onVault, usableFleet } from './fleets/fleets-session.js';
import { followNewest } from './fleets/follow-newest.js';
import { endMove, relocate, resumeMove } from './fleets/moving.js';
import { owedWarnings, settleOldVaults } from './fleets/old-vaults.js';
import { type OverTheAir, OverTheAirBook } from './fleets/over-the-air.js';
import { homeVault, isRegistering, registrationClients, registrationTarget, resumeHere } from './fleets/registering.js';
import type {
  ChangeOutcome,
  FailedUnlock,
  FleetWarning,
  ProtectOptions,
  ProtectOutcome,
  RefillOutcome,
  UnlockOptions,
  UnlockOutcome,
  VaultView,
} from './outcomes.js';
import type { DeviceStore, OverTheAirTransport, Stretch, Transport } from './ports.js';

/** How an app knows its fleets: one that is compiled in, or any that a pinned trust root vouches for. */
export type FleetChoice = { readonly type: 'pinned'; readonly fleet: FleetDescriptor } | OverTheAir;

export interface BackupVaultOptions {
  readonly fleets: FleetChoice;
  /** Claims of the account token, 1 to 256 UTF-8 bytes each. */
  readonly tenant: string;
  readonly account: string;
  /** Over the air it has `get` too, as `fetchTransport` has. */
  readonly transport: Transport | OverTheAirTransport;
  /** An account token that is valid now; called for every post. */
  readonly token: () => Promise<string>;
  /** Of this device, for this account alone. */
  readonly store: DeviceStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy?: Entropy;
  readonly ksf?: KsfParameters;
  readonly stretch?: Stretch;
  /**
   * Hears of every fraud as soon as it is proven, whatever becomes of the call: some outcomes have no warnings, and an app
   * that dies in the middle of a call has neither. Keep the file before returning. Must not throw. Only over the air.
   */
  readonly onFraud?: (fraudProof: Uint8Array) => void;
}

/** An unlock by whichever fleet holds the vault, and what was done about older ones on the way. */
export type VaultUnlockOutcome =
  | (Extract<UnlockOutcome, { type: 'unlocked' }> & {
      /** The vault is on another fleet now than before this call. */
      readonly isMoved: boolean;
      /** Erasure receipts of vaults on older fleets; see `verifyErasureReceipt`. */
      readonly receipts: readonly Uint8Array[];
    })
  | FailedUnlock;

/**
 * One account's vault from one device, on whichever fleet it is: what an app uses. The calls are those of `VaultClient`,
 * which does the work on one fleet. Over the air this one learns of new fleets, moves the vault to the newest at an
 * unlock, and erases what it left behind; the person is asked nothing.
 */
export class BackupVault {
  readonly #session: FleetsSession;
  /** The client of the last unlock, which may hold a proof for a refill. */
  #unlocked: VaultClient | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(session: FleetsSession) {
    this.#session = session;
  }

  /**
   * @throws ClientError `bad-state`, `state-version`, `other-vault`, `store`, `bad-argument`, `ksf-refused`; ProtocolError
   *   `bad-account`; TransparencyError `bad-trust-root`.
   */
  static async open(options: BackupVaultOptions): Promise<BackupVault> {
    const { fleets, tenant, account, store } = options;
    const keeper = await DeviceKeeper.load(vaultIdOf(tenant, account), store.slot('device'));
    const book = openBook(options, keeper);
    const clients = new Map<string, Promise<VaultClient>>();
    const clientOf = (fleet: FleetDescriptor): Promise<VaultClient> => {
      const name = hex(fleet.configHash);
      const open = (): Promise<VaultClient> => {
        const news = book.newsFor(fleet.configHash);
        return VaultClient.open({ ...options, fleet, store: store.slot(`fleet-${name}`), ...(news && { news }) });
      };
      const client = clients.get(name) ?? open();
      clients.set(name, client);
      client.catch(() => clients.delete(name));
      return client;
    };
    if (fleets.type === 'pinned') await clientOf(fleets.fleet);
    return new BackupVault({ book, keeper, clientOf });
  }

  /** The fleet that this device uses, or would: home, or the newest. @returns undefined when none is known yet. */
  get fleet(): FleetDescriptor | undefined {
    const { book, keeper } = this.#session;
    return usableFleet(this.#session, keeper.state.home) ?? book.target() ?? book.usable().at(-1);
  }

  /** What the vault's fleet says, and what the person should be told. Costs nothing. */
  status(): Promise<VaultView> {
    return this.#inOrder(async () => {
      const session = this.#session;
      await session.book.refreshIfDue();
      const { outcome, warnings } = await onVault(
        session,
        (client) => client.status(),
        ({ state, pending }) => state !== 'live' && pending === undefined,
      );
      const all = [...outcome.warnings, ...warnings, ...owedWarnings(session), ...session.book.warnings()];
      return { ...outcome, warnings: all };
    });
  }

  /** As `VaultClient.protect`, on the newest fleet. @throws ClientError also `old-trust`, `no-fleet`. */
  protect(password: string, backupKey: Uint8Array, options: ProtectOptions = {}): Promise<ProtectOutcome> {
    return this.#inOrder(async () => {
      const session = this.#session;
      const to = await registrationTarget(session);
      const leaves = await homeVault(session, to);
      return relocate(session, { wish: 'protect', to, leaves, password, backupKey, options });
    });
  }

  /**
   * Goes on with what a crash interrupted: a registration, and erasures on older fleets. Call it after a start of the app.
   * @returns undefined when no registration was under way.
   * @throws ClientError also `old-trust` when one is.
   */
  resume(): Promise<ProtectOutcome | undefined> {
    return this.#inOrder(async () => {
      const session = this.#session;
      await session.book.refreshIfDue();
      if (session.book.isTrustOld() && (await isRegistering(session)))
        throw new ClientError('old-trust', 'nothing is registered by keys that nobody vouched for');
      const outcome = (await resumeMove(session)) ?? (await resumeHere(session));
      await settleOldVaults(session);
      return outcome;
    });
  }

  /** Gives up a registration that was under way, if there is one. */
  abandon(): Promise<void> {
    return this.#inOrder(async () => {
      const { move } = this.#session.keeper.state;
      if (move !== undefined) await endMove(this.#session, move);
      for (const client of await registrationClients(this.#session)) await client.abandon();
    });
  }

  /**
   * As `VaultClient.unlock`. When it succeeds on a fleet that is not the newest, the vault is moved there; what fails of
   * that is a warning, and the next unlock tries again.
   * @throws ClientError also `old-trust` before anything is sent: warn the person, then pass `acceptOldTrust`.
   */
  unlock(password: string, options: UnlockOptions = {}): Promise<VaultUnlockOutcome> {
    return this.#inOrder(async () => {
      const session = this.#session;
      this.#unlocked = undefined;
      await session.book.refreshIfDue();
      const isOldTrust = session.book.isTrustOld();
      if (isOldTrust && options.acceptOldTrust !== true)
        throw new ClientError('old-trust', 'nobody has vouched for the fleet’s keys for seven days');
      // A new password that is in force already, unknown to home, must not cost a guess there.
      if (session.keeper.state.move?.wish === 'protect' && !isOldTrust) await resumeMove(session);
      const found = await onVault(session, (client) => client.unlock(password, options), isElsewhere);
      const { outcome, fleet, client } = found;
      if (outcome.type !== 'unlocked') return outcome;
      this.#unlocked = client;
      const warnings: FleetWarning[] = [...found.warnings];
      const moved = await followNewest(session, { ...outcome, fleet }, password, warnings);
      const { receipts, warnings: old } = await settleOldVaults(session);
      const all = [...outcome.warnings, ...warnings, ...old, ...session.book.warnings()];
      if (moved === undefined) return { ...outcome, isMoved: false, receipts, warnings: all };
      this.#unlocked = undefined;
      const { version, budget } = moved;
      return { ...outcome, version, budget, failures: 0, askRefill: false, isMoved: true, receipts, warnings: all };
    });
  }

  /** As `VaultClient.refill`, after an unlock that did not move the vault: a moved one has a full budget. */
  refill(): Promise<RefillOutcome> {
    return this.#inOrder(async () => {
      if (this.#unlocked === undefined) throw new ClientError('no-proof', 'unlock first');
      return this.#unlocked.refill();
    });
  }

  /** As `VaultClient.changePassword`; with a vault on an older fleet, the new password is for the newest one. */
  changePassword(oldPassword: string, newPassword: string, options: ProtectOptions = {}): Promise<ChangeOutcome> {
    return this.#inOrder(async () => {
      const session = this.#session;
      const to = await registrationTarget(session);
      const toClient = await session.clientOf(to);
      const { outcome, fleet } = await onVault(
        session,
        (client): Promise<ChangeOutcome | UnlockOutcome> =>
          client === toClient ? client.changePassword(oldPassword, newPassword, options) : client.unlock(oldPassword),
        isElsewhere,
      );
      if (outcome.type !== 'unlocked') return outcome;
      const { backupKey, generationMin, version } = outcome;
      const leaves = [{ configHash: fleet.configHash, version }];
      try {
        const password = newPassword;
        const wanted = {
          wish: 'protect',
          to,
          leaves,
          password,
          backupKey,
          options: { generationMin, ...options },
        } as const;
        const changed = await relocate(session, wanted);
        if (changed.type === 'protected') await settleOldVaults(session);
        return changed;
      } finally {
        zero(backupKey);
      }
    });
  }

  /** Erases the vault for good, on every fleet. Call it again after any error. */
  erase(): Promise<VaultEraseOutcome> {
    return this.#inOrder(async () => {
      this.#unlocked = undefined;
      await this.#session.book.refreshIfDue();
      return eraseEverywhere(this.#session);
    });
  }

  /** One call after another: two at once would read and write one state. */
  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const begin = (): Promise<T> => {
      this.#session.book.beginCall();
      return run();
    };
    const next = this.#last.then(begin, begin);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** What a fleet says by a proven reply and without a guess: the vault is not here. */
const isElsewhere = ({ type }: { readonly type: string }): boolean =>
  type === 'not-registered' || type === 'erased' || type === 'destroyed';

function openBook(options: BackupVaultOptions, keeper: DeviceKeeper): FleetBook {
  const { fleets, transport, clock, timers, entropy = systemEntropy, onFraud } = options;
  if (fleets.type === 'pinned') return pinnedBook(fleets.fleet);
  if (!('get' in transport)) throw new ClientError('bad-argument', 'over the air a transport gets as well as posts');
  return new OverTheAirBook(fleets, keeper, transport, { clock, timers, entropy }, onFraud);
}
