import { FaultEffects } from './fault-effects.js';
import { allFaults, type FaultKind, type FaultMix, losesLedgerRows, losesReplicas } from './fault-mix.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimFleet } from './sim-fleet.js';

/** One fault of a schedule. Its seed and number say everything about it, whatever else happens. */
export interface FaultDecision {
  /** From 1, in order of time. */
  readonly number: number;
  /** When it happened, milliseconds since the start. */
  readonly atMs: number;
  readonly kind: FaultKind;
}

export interface FaultOptions {
  readonly faults: FaultMix;
  /** Numbers of the faults that happen; default all. */
  readonly onlyFaults?: readonly number[];
  /** Longest time between two faults; default 400. */
  readonly faultPauseMsMax?: number;
  /** Faults after which people are left in peace; default no end. */
  readonly faultsMax?: number;
}

const faultPauseMs = 400;
const repairMsMax = 3_000;

/**
 * What happens to a fleet: one fault after another, each undone by itself after a while.
 *
 * Times come from one stream, and everything else about fault n from a stream of its own: leaving out any of the
 * others changes neither what it is nor when, so that a failing schedule can be shrunk fault by fault.
 */
export class Faults {
  readonly #fleet: SimFleet;
  readonly #times: SeededRandom;
  readonly #kinds: readonly FaultKind[];
  readonly #only: ReadonlySet<number> | undefined;
  readonly #pauseMsMax: number;
  readonly #countMax: number;
  readonly #effects: FaultEffects;
  readonly #decided: FaultDecision[] = [];
  #number = 0;
  #isStopped = false;

  constructor(fleet: SimFleet, { faults: mix, onlyFaults, faultPauseMsMax = faultPauseMs, faultsMax }: FaultOptions) {
    this.#fleet = fleet;
    this.#times = fleet.world.random.fork('faults');
    this.#effects = new FaultEffects(fleet);
    this.#only = onlyFaults === undefined ? undefined : new Set(onlyFaults);
    this.#pauseMsMax = faultPauseMsMax;
    this.#countMax = faultsMax ?? Number.POSITIVE_INFINITY;
    const isIn = (kinds: readonly FaultKind[]): boolean => kinds.some((kind) => (mix[kind] ?? 0) > 0);
    const spared = fleet.world.random.fork('spared').pick([losesLedgerRows, losesReplicas]);
    const isBoth = isIn(losesLedgerRows) && isIn(losesReplicas);
    this.#kinds = (Object.keys(allFaults) as FaultKind[])
      .filter((kind) => !isBoth || !spared.includes(kind))
      .flatMap((kind) => Array.from({ length: mix[kind] ?? 0 }, () => kind));
  }

  /** Faults so far, in order. */
  get decided(): readonly FaultDecision[] {
    return this.#decided;
  }

  start(): void {
    if (this.#kinds.length > 0) this.#later(this.#times.integer(1, this.#pauseMsMax), () => this.#next());
  }

  /** No further fault, and all that happened is undone. */
  stop(): void {
    this.#isStopped = true;
    this.#fleet.heal();
  }

  #next(): void {
    const number = ++this.#number;
    const { world } = this.#fleet;
    const random = world.random.fork(`fault ${number}`);
    const kind = random.pick(this.#kinds);
    const repairMs = random.integer(1, repairMsMax);
    if (this.#only?.has(number) !== false) {
      this.#decided.push({ number, atMs: world.elapsedMs, kind });
      world.trace.add('fault', `${number} ${kind}`);
      const undo = this.#effects.cause(kind, random);
      if (undo !== undefined) this.#later(repairMs, undo);
    }
    if (number < this.#countMax) this.#later(this.#times.integer(1, this.#pauseMsMax), () => this.#next());
  }

  #later(delayMs: number, task: () => void): void {
    this.#fleet.world.time.after(delayMs, () => {
      if (!this.#isStopped) task();
    });
  }
}
