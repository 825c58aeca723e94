import { equalBytes, hex } from '@coffer/base';
import type {
  ChangeOutcome,
  EraseOutcome,
  FailedUnlock,
  ProtectOutcome,
  UnlockOutcome,
  VaultView,
} from '@coffer/client';

/** What one account's vault must be by now, as far as its only device can know. */
export interface ModelState {
  readonly state: 'none' | 'live' | 'destroyed' | 'erased';
  readonly version: number;
  readonly budgetMax: number;
  /** Failures as last seen. */
  readonly failures: number;
  /** Wrong guesses of this device since the last grant: nothing takes them back but a grant. */
  readonly certain: number;
  readonly password: string;
  readonly backupKey: Uint8Array;
}

/**
 * The sequential model of one account: what its outcomes may be, one call after another.
 *
 * A host can make a vault worse for its owner: it may replay an old KE1 after its attempt was closed, which charges once
 * more and at budget 0 destroys (docs/spec/protocol.md, "executed again"); a replay of the KE3 takes that charge back. It
 * can never undo the charge of a wrong guess. So more failures than the model is certain of are believed and remembered as
 * `foreignCharges`; fewer are a violation.
 */
export class AccountModel {
  readonly account: string;
  readonly #violate: (message: string) => void;
  #now: ModelState;
  #foreignCharges = 0;
  /** A registration that ended as superseded may have been in force for a while before somebody destroyed it. */
  #isInDoubt = false;

  constructor(account: string, violate: (message: string) => void) {
    this.account = account;
    this.#violate = violate;
    this.#now = {
      state: 'none',
      version: 0,
      budgetMax: 0,
      failures: 0,
      certain: 0,
      password: '',
      backupKey: new Uint8Array(32),
    };
  }

  get now(): ModelState {
    return this.#now;
  }

  /** The most failures at once that this device did not make, or is not sure about. */
  get foreignCharges(): number {
    return this.#foreignCharges;
  }

  /** After `protect`, `resume` or `changePassword` with these arguments. */
  protected(outcome: ProtectOutcome, password: string, backupKey: Uint8Array, budgetMax: number): void {
    if (outcome.type === 'limit') this.#wrong('a registration within the limits was refused');
    this.#isInDoubt = outcome.type === 'superseded';
    if (outcome.type !== 'protected') return;
    if (outcome.version <= this.#now.version) this.#wrong(`registered as version ${outcome.version}`);
    if (outcome.budget > budgetMax) this.#wrong(`registered ${budgetMax} guesses and got ${outcome.budget}`);
    const { version } = outcome;
    this.#set({ state: 'live', version, budgetMax, failures: 0, certain: 0, password, backupKey: backupKey.slice() });
    // The answer to a repeated confirm shows the budget as it is by then.
    this.#sawFailures(budgetMax - outcome.budget);
  }

  /** After `unlock(password)`. */
  unlocked(outcome: UnlockOutcome, password: string): void {
    if (outcome.type !== 'unlocked') {
      this.#failed(outcome, password);
      return;
    }
    const { state, version, budgetMax, backupKey } = this.#now;
    if (state !== 'live') this.#wrong(`unlocked a vault that is ${state}`);
    if (password !== this.#now.password) this.#wrong('unlocked with a wrong password');
    if (outcome.version !== version) this.#wrong(`unlocked version ${outcome.version} of ${version}`);
    if (!equalBytes(outcome.backupKey, backupKey)) this.#wrong(`unlocked another key ${hex(outcome.backupKey)}`);
    if (outcome.budget + outcome.failures !== budgetMax)
      this.#wrong(`budget ${outcome.budget} + failures ${outcome.failures}`);
    // The SDK may have refilled, and may not know whether it has: the reply to a refill can be lost.
    this.#set({ certain: 0 });
    this.#sawFailures(outcome.failures);
  }

  changed(outcome: ChangeOutcome, from: string, to: string, budgetMax: number): void {
    if (outcome.type === 'protected' || outcome.type === 'superseded' || outcome.type === 'limit') {
      if (outcome.type === 'protected' && from !== this.#now.password) this.#wrong('changed with a wrong password');
      this.protected(outcome, to, this.#now.backupKey, budgetMax);
    } else this.#failed(outcome, from);
  }

  refilled(budget: number): void {
    if (budget > this.#now.budgetMax) this.#wrong(`refilled to ${budget} of ${this.#now.budgetMax}`);
    this.#set({ certain: 0 });
    this.#sawFailures(this.#now.budgetMax - budget);
  }

  /** After a refill of which nothing was heard. */
  mayBeRefilled(): void {
    this.#set({ certain: 0 });
  }

  erased(outcome: EraseOutcome): void {
    if (outcome.type === 'not-registered' && this.#now.state !== 'none') this.#wrong('nothing to erase');
    if (outcome.type !== 'erased') return;
    if (outcome.version < this.#now.version) this.#wrong(`erased as version ${outcome.version}`);
    this.#set({ state: 'erased', version: outcome.version, failures: 0, certain: 0, budgetMax: 0 });
  }

  saw(view: VaultView): void {
    if (view.state === 'destroyed') {
      this.#destroyed(view.version);
      return;
    }
    if (view.state !== this.#now.state) this.#wrong(`status ${view.state}`);
    if (view.version !== this.#now.version) this.#wrong(`status version ${view.version}`);
    if (view.state !== 'live') return;
    if (view.budgetMax !== this.#now.budgetMax || view.budget + view.failures !== view.budgetMax) {
      this.#wrong(`status ${view.budget} + ${view.failures} of ${view.budgetMax}`);
    }
    this.#sawFailures(view.failures);
  }

  #failed(outcome: FailedUnlock, password: string): void {
    const { state, budgetMax, certain } = this.#now;
    switch (outcome.type) {
      case 'wrong-password':
        if (state === 'live' && password === this.#now.password) this.#wrong('the right password was called wrong');
        if (state !== 'live') this.#wrong(`a guess at a vault that is ${state}`);
        this.#set({ certain: certain + 1 });
        this.#sawFailures(budgetMax - outcome.budget);
        return;
      case 'locked-out':
        if (state !== 'live') this.#wrong(`locked out of a vault that is ${state}`);
        this.#sawFailures(budgetMax);
        return;
      case 'destroyed':
        this.#destroyed();
        return;
      case 'erased':
        if (state !== 'erased') this.#wrong('erased by nobody');
        return;
      case 'not-registered':
        if (state !== 'none') this.#wrong('an acknowledged registration is gone');
        return;
    }
  }

  #sawFailures(failures: number): void {
    const { certain } = this.#now;
    if (failures < certain) this.#wrong(`${failures} failures where ${certain} are certain`);
    this.#foreignCharges = Math.max(this.#foreignCharges, failures - certain);
    this.#set({ failures });
  }

  /** @param version - the least that it has now. */
  #destroyed(version = this.#now.version + 1): void {
    const { state, budgetMax, certain } = this.#now;
    if (state === 'destroyed') return;
    if (state !== 'live' && !this.#isInDoubt) this.#wrong(`destroyed while ${state}`);
    // The guess after the last one destroys, and this device never sends it.
    this.#foreignCharges = Math.max(this.#foreignCharges, budgetMax + 1 - certain);
    this.#set({ state: 'destroyed', version, failures: 0, certain: 0, budgetMax: 0 });
  }

  #set(changes: Partial<ModelState>): void {
    this.#now = { ...this.#now, ...changes };
  }

  #wrong(message: string): void {
    const { state, version, budgetMax, failures, certain } = this.#now;
    const model = `${state} v${version}, ${failures} failures of ${budgetMax}, ${certain} certain`;
    this.#violate(`${this.account}: ${message} (model: ${model})`);
  }
}
