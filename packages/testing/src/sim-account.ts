import { sleep } from '@coffer/base';
import { ClientError, type ProtectOutcome, type VaultClient } from '@coffer/client';
import { AccountModel } from './account-model.js';
import { nameOfText } from './linearizability/vault-call.js';
import type { SeededRandom } from './seeded-random.js';
import { DeviceCrash, type SimDevice } from './sim-device.js';
import type { SimWorld } from './sim-world.js';

/** Errors after which the same call may succeed. */
const retryable: ReadonlySet<string> = new Set(['network', 'unavailable', 'rate-limited', 'store', 'vault-changed']);
const retryMsMax = 600;
const restMs = 800;

/** What an account has done. */
export interface AccountTally {
  calls: number;
  retries: number;
  crashes: number;
}

/** One person: calls their SDK again and again, tries again what failed, and checks every outcome against a model. */
export class SimAccount {
  readonly device: SimDevice;
  readonly model: AccountModel;
  readonly tally: AccountTally = { calls: 0, retries: 0, crashes: 0 };
  readonly #world: SimWorld;
  readonly #random: SeededRandom;
  readonly #budgetLimit: number;
  #passwords = 0;
  #isBusy = false;
  #isStopping = false;

  constructor(world: SimWorld, device: SimDevice, budgetLimit: number) {
    this.device = device;
    this.#world = world;
    this.#random = world.random.fork(`account ${device.account}`);
    this.#budgetLimit = budgetLimit;
    this.model = new AccountModel(device.account, (message) => world.violate('wrong-outcome', message));
  }

  /** Whether a call is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Makes no further call; the one under way goes on until it has its outcome. */
  stop(): void {
    this.#isStopping = true;
  }

  /**
   * Makes `calls` calls, chosen at random among those that make sense.
   * @param restMsMax - longest rest before each.
   */
  async live(calls: number, restMsMax = restMs): Promise<void> {
    for (let i = 0; i < calls && !this.#isStopping; i++) {
      await sleep(this.#world.time, this.#random.integer(0, restMsMax));
      if (this.#isStopping) return;
      await this.#guarded(() => this.#one());
    }
  }

  /** The last proof that nothing is lost: opens the vault if there is one. */
  async verify(): Promise<void> {
    await this.#guarded(async () => {
      await this.#status();
      if (this.model.now.state === 'live' && this.model.now.failures < this.model.now.budgetMax) {
        await this.#unlock(this.model.now.password);
      }
    });
  }

  /** A registration, whatever was there before. */
  async protect(): Promise<void> {
    await this.#guarded(() => this.#protect());
  }

  /** One guess with a wrong password. */
  async guessWrong(): Promise<void> {
    await this.#guarded(() => this.#unlock(this.#newPassword()));
  }

  /** One unlock with the right password. */
  async unlock(): Promise<void> {
    await this.#guarded(() => this.#unlock(this.model.now.password));
  }

  async #one(): Promise<void> {
    const { state, password, failures, budgetMax } = this.model.now;
    if (state !== 'live') {
      if (state === 'none' || this.#random.chance(0.7)) return this.#protect();
      return this.#random.chance(0.5) ? this.#status() : this.#unlock(this.#newPassword());
    }
    if (failures === budgetMax && this.#random.chance(0.6)) return this.#protect();
    const dice = this.#random.integer(1, 100);
    if (dice <= 40) return this.#unlock(password);
    if (dice <= 68) return this.#unlock(this.#newPassword());
    if (dice <= 78) return this.#status();
    if (dice <= 90) return this.#change();
    if (dice <= 95) return this.#protect();
    return this.#erase();
  }

  async #protect(): Promise<void> {
    const password = this.#newPassword();
    const backupKey = Uint8Array.from({ length: 32 }, () => this.#random.integer(0, 255));
    const budgetMax = this.#random.integer(1, this.#budgetLimit);
    this.device.secrets = { sets: nameOfText(password) };
    const outcome = await this.#untilDone<ProtectOutcome | undefined>(
      'protect',
      (client) => client.protect(password, backupKey.slice(), { budgetMax }),
      () => this.#resume(),
    );
    if (outcome !== undefined) this.model.protected(outcome, password, backupKey, budgetMax);
  }

  async #change(): Promise<void> {
    const { password: from, backupKey } = this.model.now;
    const to = this.#newPassword();
    const budgetMax = this.#random.integer(1, this.#budgetLimit);
    let resumed: ProtectOutcome | undefined;
    this.device.secrets = { tries: nameOfText(from), sets: nameOfText(to) };
    const outcome = await this.#untilDone(
      'changePassword',
      (client) => client.changePassword(from, to, { budgetMax }),
      async () => {
        resumed = await this.#resume();
        return resumed;
      },
    );
    if (resumed !== undefined) this.model.protected(resumed, to, backupKey, budgetMax);
    else if (outcome !== undefined) this.model.changed(outcome, from, to, budgetMax);
  }

  /**
   * After a call that failed or crashed: what became of its registration. A registration that is in force already leaves no
   * trace on the device but the version.
   * @returns undefined when it never began.
   */
  async #resume(): Promise<ProtectOutcome | undefined> {
    const resumed = await this.device.use((client) => client.resume());
    if (resumed !== undefined) return resumed;
    const { state, version, budget, resets } = await this.device.use((client) => client.status());
    if (state !== 'live' || version === this.model.now.version) return undefined;
    return { type: 'protected', version, budget, resets };
  }

  async #unlock(password: string): Promise<void> {
    this.device.secrets = { tries: nameOfText(password) };
    // The password stays the same through all retries, which is what `resumeInterrupted` asks for.
    const outcome = await this.#untilDone('unlock', (client) => client.unlock(password, { resumeInterrupted: true }));
    if (outcome === undefined) return;
    this.model.unlocked(outcome, password);
    if (outcome.type === 'unlocked' && outcome.askRefill && this.#random.chance(0.7)) await this.#refill();
  }

  async #refill(): Promise<void> {
    const crashesBefore = this.tally.crashes;
    const outcome = await this.#untilDone('refill', async (client) => {
      try {
        return await client.refill();
      } catch (error) {
        // A restarted app has no proof any more; what became of the refill shows at the next unlock.
        if (error instanceof ClientError && error.code === 'no-proof' && this.tally.crashes > crashesBefore)
          return undefined;
        throw error;
      }
    });
    if (outcome?.type === 'refilled') this.model.refilled(outcome.budget);
    else this.model.mayBeRefilled();
  }

  async #erase(): Promise<void> {
    const outcome = await this.#untilDone('erase', (client) => client.erase());
    if (outcome !== undefined) this.model.erased(outcome);
  }

  async #status(): Promise<void> {
    const view = await this.#untilDone('status', (client) => client.status());
    if (view !== undefined) this.model.saw(view);
  }

  /**
   * Repeats a call until it has an outcome, through errors that pass and crashes of the device.
   * @param recover - what the app does first after either; an outcome of it ends the call.
   */
  async #untilDone<T>(
    name: string,
    call: (client: VaultClient) => Promise<T>,
    recover: () => Promise<T | undefined> = async () => undefined,
  ): Promise<T | undefined> {
    this.#world.trace.add(this.device.name, name);
    this.tally.calls++;
    for (let isRetry = false; ; isRetry = true) {
      try {
        const outcome = (isRetry ? await recover() : undefined) ?? (await this.device.use(call));
        this.#world.trace.add(
          this.device.name,
          `${name} -> ${(outcome as { type?: string } | undefined)?.type ?? 'done'}`,
        );
        return outcome;
      } catch (error) {
        if (error instanceof DeviceCrash) this.tally.crashes++;
        else if (error instanceof ClientError && retryable.has(error.code)) this.tally.retries++;
        else {
          this.#world.violate('wrong-outcome', `${this.device.name} ${name}: ${String(error)}`, error);
          return undefined;
        }
        this.#world.trace.add(
          this.device.name,
          `${name} again after ${error instanceof ClientError ? error.code : 'crash'}`,
        );
        await sleep(this.#world.time, this.#random.integer(1, retryMsMax));
      }
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    try {
      await work();
    } catch (error) {
      this.#world.violate('crashed', `${this.device.name}: ${String(error)}`, error);
    } finally {
      this.#isBusy = false;
    }
  }

  #newPassword(): string {
    this.#passwords++;
    return `${this.device.account} password ${this.#passwords}`;
  }
}
