import type { Clock } from '@coffer/base';
import { ed25519PublicKey } from '@coffer/crypto';
import {
  type CeremonyEvent,
  type CeremonyRecord,
  type CeremonyStep,
  noStep,
  type SignedStep,
  signStep,
  stepHash,
} from '@coffer/evidence';

/** Seeds (32 bytes) of those who are present. The caller owns and zeroes them. */
export interface CeremonyRoles {
  readonly operator: Uint8Array;
  readonly witnesses: readonly Uint8Array[];
}

/**
 * What happened, in the order in which it happened. Each step names the one before, so that nobody can take one out or put
 * one in afterwards without everybody's signature: all who are present sign the first step, the last one, and whatever
 * did not go by the book; the operator signs the rest.
 */
export class CeremonyBook {
  readonly #roles: CeremonyRoles;
  readonly #clock: Clock;
  readonly #onStep: (step: CeremonyStep) => void;
  readonly #steps: SignedStep[] = [];
  #prev: Uint8Array = noStep;

  /** @param onStep - hears of every step once it is in the book. */
  constructor(roles: CeremonyRoles, clock: Clock, onStep: (step: CeremonyStep) => void = () => undefined) {
    this.#roles = roles;
    this.#clock = clock;
    this.#onStep = onStep;
  }

  /** Public keys of those present. */
  get present(): { readonly operator: Uint8Array; readonly witnesses: readonly Uint8Array[] } {
    const { operator, witnesses } = this.#roles;
    return { operator: ed25519PublicKey(operator), witnesses: witnesses.map((seed) => ed25519PublicKey(seed)) };
  }

  get record(): CeremonyRecord {
    return { steps: [...this.#steps] };
  }

  /** Writes down what happened. */
  add(event: CeremonyEvent): void {
    const step = { seq: this.#steps.length, prev: this.#prev, atMs: this.#clock.nowMs(), event };
    const isForAll = event.kind === 'open' || event.kind === 'exception' || event.kind === 'close';
    const seeds = isForAll ? [this.#roles.operator, ...this.#roles.witnesses] : [this.#roles.operator];
    this.#steps.push({ step, signatures: seeds.map((seed) => signStep(step, seed)) });
    this.#prev = stepHash(step);
    this.#onStep(step);
  }
}
