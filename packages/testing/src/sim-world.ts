import { SimulationError, type SimulationErrorCode } from './errors.js';
import { PersistPoints } from './persist-points.js';
import type { SeededRandom } from './seeded-random.js';
import { Trace } from './trace.js';
import { VirtualTime } from './virtual-time.js';

/** 2030-01-01T00:00Z, when every simulation begins. */
export const simulationStartMs = 1_893_456_000_000;

/** What every part of one simulation shares: time, dice, the trace, and the place where violations go. */
export class SimWorld {
  readonly time = new VirtualTime(simulationStartMs);
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly points: PersistPoints;
  #violation: SimulationError | undefined;

  constructor(random: SeededRandom, onLine?: (line: string) => void, points = new PersistPoints()) {
    this.random = random;
    this.points = points;
    this.trace = new Trace(this.time, onLine);
  }

  /** Milliseconds since the simulation began. */
  get elapsedMs(): number {
    return this.time.nowMs() - simulationStartMs;
  }

  /**
   * Notes a violation; the first one ends the run after the current event. It is noted and not thrown, because it is
   * often found inside code of the system under test, which would catch it.
   */
  violate(code: SimulationErrorCode, message: string, cause?: unknown): void {
    if (this.#violation !== undefined) return;
    this.trace.add('VIOLATION', `${code}: ${message}`);
    this.#violation = new SimulationError(code, message, { cause });
  }

  /** @throws SimulationError for the first violation, if there was one. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  /** Runs events for `forMs` or until `isDone`. @throws SimulationError for the first violation. */
  async run(forMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    const ended = await this.time.run(this.time.nowMs() + forMs, () => {
      if (this.#violation !== undefined) throw this.#violation;
      return isDone();
    });
    if (this.#violation !== undefined) throw this.#violation;
    return ended;
  }
}
