import type { Timers } from '@coffer/base';
import { type Clock, type Entropy, zero } from '@coffer/base';
import { systemEntropy } from '@coffer/crypto';
import { type FleetDescriptor, isKsfAcceptable, type KsfParameters, ksfDefault, vaultIdOf } from '@coffer/protocol';
import { erase } from './erasure.js';
import { ClientError } from './errors.js';
import { isLie, type News, VaultExchange } from './exchange.js';
import { backupKeyBytes } from './limits.js';
import type {
  ChangeOutcome,
  EraseOptions,
  EraseOutcome,
  FailedUnlock,
  ProtectOptions,
  ProtectOutcome,
  RefillOutcome,
  UnlockOptions,
  UnlockOutcome,
  VaultView,
} from './outcomes.js';
import type { VaultContents } from './payload.js';
import type { ClientStore, Stretch, Transport } from './ports.js';
import { type Recovered, recover } from './recovery.js';
import { isOwnFailures, refill } from './refill.js';
import {
  abandonRegistration,
  completeRegistration,
  register,
  requireNothingUnfinished,
  withdrawRegistration,
} from './registration.js';
import { argon2idStretch, askStatus, type Session } from './session.js';
import { StateKeeper } from './state-keeper.js';
import { warningsOf } from './warnings.js';

export interface VaultClientOptions {
  /** The fleet, as the app has it pinned. Its `configHash` is what the whole session trusts. */
  readonly fleet: FleetDescriptor;
  /** Claims of the account token, 1 to 256 UTF-8 bytes each. */
  readonly tenant: string;
  readonly account: string;
  readonly transport: Transport;
  /** An account token that is valid now; called for every post. */
  readonly token: () => Promise<string>;
  /** Of this device, for this account and fleet alone; see {@link ClientStore} on what it holds. */
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default: the platform's. */
  readonly entropy?: Entropy;
  /** Stretching parameters of new registrations, between floor and ceiling. Default `ksfDefault`. */
  readonly ksf?: KsfParameters;
  /** Default: Argon2id in this thread. */
  readonly stretch?: Stretch;
  /** For a client that learns fleets over the air. */
  readonly news?: News;
}

/** Unlocks that `changePassword` makes until one brings an authTicket. */
const provenUnlocksMax = 2;

/**
 * One account's vault on one fleet, from one device. Calls are executed one after another. Each method resolves to an
 * outcome; it throws ClientError, and the state is then such that the same call may be made again, also after a restart.
 */
export class VaultClient {
  readonly #session: Session;
  #authTicket: { readonly ticket: Uint8Array; readonly version: number } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(session: Session) {
    this.#session = session;
  }

  /**
   * @throws ClientError `bad-state`, `state-version`, `other-vault`, `store` for the stored state; `ksf-refused` for
   * `ksf`. @throws ProtocolError `bad-account`.
   */
  static async open(options: VaultClientOptions): Promise<VaultClient> {
    const {
      fleet,
      tenant,
      account,
      store,
      ksf = ksfDefault,
      stretch = argon2idStretch,
      entropy = systemEntropy,
    } = options;
    if (!isKsfAcceptable(ksf)) throw new ClientError('ksf-refused', 'key-stretching parameters out of range');
    const vault = { fleet, vaultId: vaultIdOf(tenant, account) };
    const exchange = new VaultExchange({ ...options, vault, entropy });
    const keeper = await StateKeeper.load(vault, store);
    return new VaultClient({ vault, exchange, keeper, entropy, ksf, stretch });
  }

  /**
   * What the fleet says about the vault, and what the person should be told about it. Costs nothing.
   * @param triesMax - 1 for a question that may as well be asked another time; default: as every call.
   */
  status({ triesMax }: { readonly triesMax?: number } = {}): Promise<VaultView> {
    return this.#inOrder(async () => {
      const status = await askStatus(this.#session, triesMax);
      return { ...status, warnings: warningsOf(this.#session.keeper.state, status) };
    });
  }

  /**
   * Puts `backupKey` (32 bytes; the caller goes on owning them) into the vault under `password`, with a full budget. It
   * replaces what was there, without asking for the old password: `changePassword` is the way that does not count as a reset.
   * @throws ClientError `unfinished` when an earlier registration waits; `bad-password`, `bad-argument`.
   */
  protect(password: string, backupKey: Uint8Array, options: ProtectOptions = {}): Promise<ProtectOutcome> {
    return this.#inOrder(async () => {
      if (backupKey.length !== backupKeyBytes) throw new ClientError('bad-argument', 'a backup key has 32 bytes');
      const budgetMax = this.#budgetMax(options);
      const contents = { backupKey, generationMin: generation(options.generationMin ?? 0n) };
      return register(this.#session, { password, contents, budgetMax, authTicket: undefined });
    });
  }

  /** Whether a registration of this device waits to be finished or given up. Asks nobody. */
  get isRegistering(): boolean {
    return this.#session.keeper.state.registration !== undefined;
  }

  /** Finishes a registration that was under way, with the same bytes. @returns undefined when there is none. */
  resume(): Promise<ProtectOutcome | undefined> {
    return this.#inOrder(async () => {
      if (this.#session.keeper.state.registration === undefined) return undefined;
      return completeRegistration(this.#session);
    });
  }

  /** Gives up a registration that was under way, if there is one. One that is in force already stays in force. */
  abandon(): Promise<void> {
    return this.#inOrder(() => abandonRegistration(this.#session));
  }

  /**
   * One guess at the password. After a crash or a lost reply the same password costs nothing more. A success takes its
   * own guess back, and refills the budget only where this device made all of the failures itself.
   * @throws ClientError `bad-password` before anything is sent, `ksf-refused`, `rolled-back`, `vault-changed`, `bad-payload`.
   */
  unlock(password: string, options: UnlockOptions = {}): Promise<UnlockOutcome> {
    return this.#inOrder(async () => {
      const recovered = await this.#recover(password, options);
      return recovered.type === 'recovered' ? this.#unlocked(recovered) : recovered;
    });
  }

  /**
   * A full budget, after the person said that the failures were theirs. Uses the proof of the last unlock of this object.
   * @throws ClientError `no-proof` when there is none.
   */
  refill(): Promise<RefillOutcome> {
    return this.#inOrder(async () => {
      const proof = this.#authTicket;
      if (proof === undefined) throw new ClientError('no-proof', 'unlock first');
      const outcome = await refill(this.#session, proof.ticket, proof.version);
      this.#forgetProof();
      return outcome;
    });
  }

  /** A new password over the same backup key, by somebody who knows the old one; not counted as a reset. */
  changePassword(oldPassword: string, newPassword: string, options: ProtectOptions = {}): Promise<ChangeOutcome> {
    return this.#inOrder(async () => {
      requireNothingUnfinished(this.#session);
      const budgetMax = this.#budgetMax(options);
      for (let tries = 1; tries <= provenUnlocksMax; tries++) {
        const recovered = await this.#recover(oldPassword, {});
        if (recovered.type !== 'recovered') return recovered;
        try {
          // A finish whose first reply was lost proves the password but brings no ticket.
          if (recovered.authTicket === undefined) continue;
          const contents = withGeneration(recovered.contents, options.generationMin);
          return await register(this.#session, {
            password: newPassword,
            contents,
            budgetMax,
            authTicket: recovered.authTicket,
          });
        } finally {
          zero(recovered.contents.backupKey);
          this.#forgetProof();
        }
      }
      throw new ClientError('unavailable', 'the old password was proven, but the proof was lost on the way: try again');
    });
  }

  /** Erases the vault for good. Call it again after any error: the erasure is owed until its receipt is here. */
  erase(options: EraseOptions = {}): Promise<EraseOutcome> {
    return this.#inOrder(() => {
      this.#forgetProof();
      return erase(this.#session, options);
    });
  }

  /**
   * Gives up a registration that was under way, and finds out what became of it.
   * @returns the version that it had put in force already; undefined when it is not and never will be.
   */
  withdraw(): Promise<number | undefined> {
    return this.#inOrder(() => withdrawRegistration(this.#session));
  }

  async #recover(password: string, options: UnlockOptions): Promise<Recovered | FailedUnlock> {
    this.#forgetProof();
    const recovered = await recover(this.#session, password, options);
    if (recovered.type === 'recovered' && recovered.authTicket !== undefined) {
      this.#authTicket = { ticket: recovered.authTicket, version: recovered.version };
    }
    return recovered;
  }

  async #unlocked({ contents, version, budget, openAttempts, status }: Recovered): Promise<UnlockOutcome> {
    const session = this.#session;
    const failures = openAttempts.length;
    const warnings = warningsOf(session.keeper.state, { ...status, version, budget, failures });
    await session.keeper.update({ knownVersion: version, knownResets: status.resets });
    const { budgetMax } = status;
    const unlocked = { type: 'unlocked', ...contents, version, budgetMax, warnings } as const;
    const proof = this.#authTicket;
    if (proof !== undefined && isOwnFailures(session, version, openAttempts)) {
      const refilled = await quietly(() => refill(session, proof.ticket, version));
      if (refilled?.type === 'refilled') {
        this.#forgetProof();
        return { ...unlocked, budget: refilled.budget, failures: 0, askRefill: false };
      }
    }
    return { ...unlocked, budget, failures, askRefill: failures > 0 && proof !== undefined };
  }

  #budgetMax({ budgetMax = this.#session.vault.fleet.budgetLimit }: ProtectOptions): number {
    const { budgetLimit } = this.#session.vault.fleet;
    if (Number.isInteger(budgetMax) && budgetMax >= 1 && budgetMax <= budgetLimit) return budgetMax;
    throw new ClientError('bad-argument', `a budget is 1 to ${budgetLimit} guesses on this fleet`);
  }

  #forgetProof(): void {
    if (this.#authTicket !== undefined) zero(this.#authTicket.ticket);
    this.#authTicket = undefined;
  }

  /** One call after another: two at once would read and write one state. */
  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#last.then(run, run);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

const generationMax = 0xffff_ffff_ffff_ffffn;

function generation(value: bigint): bigint {
  if (value < 0n || value > generationMax) throw new ClientError('bad-argument', 'a generation is a u64');
  return value;
}

function withGeneration(contents: VaultContents, generationMin: bigint | undefined): VaultContents {
  return { backupKey: contents.backupKey, generationMin: generation(generationMin ?? contents.generationMin) };
}

/**
 * The key is recovered; a refill that fails is no reason to keep it from the person. A service that lies about the vault
 * is. A log that lies about fleets says nothing about this key: whoever gave the news has the fraud proof, and tells.
 */
async function quietly<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ClientError && (error.code === 'log-fraud' || !isLie(error))) return undefined;
    throw error;
  }
}
