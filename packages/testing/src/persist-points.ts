/** What a fleet and its clients write durably: an HSM's state, a replica's commit, a write to the ledger, a client's state. */
export const persistPlaces = ['hsm', 'replica', 'ledger', 'store'] as const;
export type PersistPlace = (typeof persistPlaces)[number];

/** One side of one durable write of a schedule. */
export interface PersistPoint {
  readonly place: PersistPlace;
  /** Counts all writes of this place in the fleet, from 1. */
  readonly write: number;
  readonly moment: 'before' | 'after';
}

/** Counts the durable writes of a schedule, and names the one at which the writing process dies. */
export class PersistPoints {
  readonly #death: PersistPoint | undefined;
  readonly #writes: Record<PersistPlace, number> = { hsm: 0, replica: 0, ledger: 0, store: 0 };
  /** Hears of the death, to start again what died. */
  onDeath: () => void = () => undefined;

  constructor(death?: PersistPoint) {
    this.#death = death;
  }

  /** Writes so far. */
  get writes(): Readonly<Record<PersistPlace, number>> {
    return { ...this.#writes };
  }

  /** A write begins. @returns its number, for {@link isDeath}. */
  begin(place: PersistPlace): number {
    this.#writes[place]++;
    return this.#writes[place];
  }

  /** Whether the process dies here, right before or right after this write. */
  isDeath(place: PersistPlace, write: number, moment: PersistPoint['moment']): boolean {
    const death = this.#death;
    if (death === undefined || death.place !== place || death.write !== write || death.moment !== moment) return false;
    this.onDeath();
    return true;
  }
}
