import { type Clock, type Entropy, hex, type Timers, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { type FleetDescriptor, type KsfParameters, vaultIdOf } from '@coffer/protocol';
import { VaultClient } from './client.js';
import { ClientError } from './errors.js';
import { DeviceKeeper } from './fleets/device-keeper.js';
import type { VaultPlace } from './fleets/device-state.js';
import { eraseEverywhere, type VaultEraseOutcome } from './fleets/erase-everywhere.js';
import { type FleetBook, pinnedBook } from './fleets/fleet-book.js';
import { type FleetsSession, isFleet, isOurs, onVault, usableFleet } from './fleets/fleets-session.js';
import { leftBehind } from './fleets/left-behind.js';
import {
  endMove,
  type MoveResult,
  moveVault,
  relocate,
  resumeMove,
  setHome,
  type UnlockedVault,
} from './fleets/moving.js';
import { fraudWarnings, type Settled, settleOldVaults, withOldVaults } from './fleets/old-vaults.js';
import { type OverTheAir, OverTheAirBook } from './fleets/over-the-air.js';
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
      await this.#session.book.refreshIfDue();
      const { outcome, warnings } = await onVault(
        this.#session,
        (client) => client.status(),
        ({ state, pending }) => state !== 'live' && pending === undefined,
      );
      return { ...outcome, warnings: [...outcome.warnings, ...warnings, ...this.#warnings()] };
    });
  }

  /** As `VaultClient.protect`, on the newest fleet. @throws ClientError also `old-trust`, `no-fleet`. */
  protect(password: string, backupKey: Uint8Array, options: ProtectOptions = {}): Promise<ProtectOutcome> {
    return this.#inOrder(async () => {
      const to = await this.#registrationTarget();
      const leaves = await this.#homeVault(to);
      return relocate(this.#session, { wish: 'protect', to, leaves, password, backupKey, options });
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
      if (session.book.isTrustOld() && (await this.#isRegistering()))
        throw new ClientError('old-trust', 'nothing is registered by keys that nobody vouched for');
      const outcome = (await resumeMove(session)) ?? (await this.#resumeHere());
      await settleOldVaults(session);
      return outcome;
    });
  }

  /** Gives up a registration that was under way, if there is one. */
  abandon(): Promise<void> {
    return this.#inOrder(async () => {
      const { move } = this.#session.keeper.state;
      if (move !== undefined) await endMove(this.#session, move);
      for (const client of await this.#registrationClients()) await client.abandon();
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
      const moved = await this.#follow({ ...outcome, fleet }, password, warnings);
      const { receipts, warnings: old } = await this.#settle();
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
      const to = await this.#registrationTarget();
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
        if (changed.type === 'protected') await this.#settle();
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

  /** Notes where the vault was found, and moves it on. Whatever fails here, the person has the key already. */
  async #follow(
    vault: UnlockedVault,
    password: string,
    warnings: FleetWarning[],
  ): Promise<Extract<MoveResult, { type: 'moved' }> | undefined> {
    const { keeper, book } = this.#session;
    try {
      const { configHash } = vault.fleet;
      const isNewest = book.target() !== undefined && isFleet(vault.fleet, book.target()?.configHash);
      // In one write with what is found, so that a new device that stops in between looks again.
      if (keeper.state.home === undefined && isNewest)
        await setHome(this.#session, configHash, await leftBehind(this.#session, vault, password));
      else if (!isFleet(vault.fleet, keeper.state.home))
        // What is home again is owed no erasure any more: it may be the last copy.
        await keeper.update({ home: configHash, oldVaults: withOldVaults(this.#session, configHash, []) });
      const result = await moveVault(this.#session, vault, password);
      const target = book.target();
      if (result.type === 'moved') return result;
      if (result.type === 'other-vault' && target !== undefined)
        warnings.push({ type: 'other-vault', configHash: target.configHash });
      else if (result.type !== 'stays') warnings.push({ type: 'move-failed', code: result.type });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      warnings.push({ type: 'move-failed', code: error.code }, ...fraudWarnings(error));
    }
    return undefined;
  }

  async #settle(): Promise<Settled> {
    return settleOldVaults(this.#session);
  }

  /** @throws ClientError `old-trust`, `no-fleet`. */
  async #registrationTarget(): Promise<FleetDescriptor> {
    const { book, keeper } = this.#session;
    await book.refreshIfDue();
    if (book.isTrustOld()) throw new ClientError('old-trust', 'nothing is registered by keys that nobody vouched for');
    if (keeper.state.move?.wish === 'protect') throw new ClientError('unfinished', 'resume or abandon it first');
    const to = book.target();
    if (to === undefined) throw new ClientError('no-fleet', 'no fleet takes new registrations');
    // A move that was under way gives way to what the person wants now.
    if (keeper.state.move !== undefined) await endMove(this.#session, keeper.state.move);
    return to;
  }

  /** What home holds, as far as this device put it there or unlocked it; nothing where it did neither. */
  async #homeVault(to: FleetDescriptor): Promise<readonly VaultPlace[]> {
    const session = this.#session;
    const home = usableFleet(session, session.keeper.state.home);
    if (home === undefined || isFleet(to, home.configHash)) return [];
    const view = await (await session.clientOf(home)).status();
    return isOurs(view) ? [{ configHash: home.configHash, version: view.version }] : [];
  }

  async #resumeHere(): Promise<ProtectOutcome | undefined> {
    for (const client of await this.#registrationClients()) {
      const outcome = await client.resume();
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  /** A registration of this device waits somewhere. Asks nobody. */
  async #isRegistering(): Promise<boolean> {
    const to = usableFleet(this.#session, this.#session.keeper.state.move?.to);
    const clients = await this.#registrationClients();
    const moving = to === undefined ? [] : [await this.#session.clientOf(to)];
    return [...clients, ...moving].some(({ isRegistering }) => isRegistering);
  }

  /** Where a registration of this device may wait: home, and the newest fleet. */
  async #registrationClients(): Promise<readonly VaultClient[]> {
    const { book, keeper, clientOf } = this.#session;
    const fleets = [usableFleet(this.#session, keeper.state.home), book.target()];
    const distinct = new Set(fleets.filter((fleet) => fleet !== undefined));
    return Promise.all([...distinct].map(clientOf));
  }

  #warnings(): readonly FleetWarning[] {
    const { keeper, book } = this.#session;
    const old = keeper.state.oldVaults.map(({ configHash, isSuperseded }): FleetWarning => {
      const isGone = usableFleet(this.#session, configHash) === undefined;
      return { type: 'old-vault', configHash, reason: isGone ? 'fleet-gone' : isSuperseded ? 'superseded' : 'owed' };
    });
    return [...old, ...book.warnings()];
  }

  /** One call after another: two at once would read and write one state. */
  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#last.then(run, run);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** What a fleet says by a proven reply and without a guess: the vault is not here. */
const isElsewhere = ({ type }: { readonly type: string }): boolean =>
  type === 'not-registered' || type === 'erased' || type === 'destroyed';

function openBook(options: BackupVaultOptions, keeper: DeviceKeeper): FleetBook {
  const { fleets, transport, clock, timers, entropy = systemEntropy } = options;
  if (fleets.type === 'pinned') return pinnedBook(fleets.fleet);
  if (!('get' in transport)) throw new ClientError('bad-argument', 'over the air a transport gets as well as posts');
  return new OverTheAirBook(fleets, keeper, transport, { clock, timers, entropy });
}
