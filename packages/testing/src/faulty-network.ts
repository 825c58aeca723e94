import type { SeededRandom } from './seeded-random.js';
import type { Trace } from './trace.js';
import type { VirtualTime } from './virtual-time.js';

/** How messages of every link travel, for as long as it is set. */
export interface LinkProfile {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Share of messages that take up to `slowMaxMs` instead, and so overtake and outlive others. */
  readonly slowRate: number;
  readonly slowMaxMs: number;
  readonly lossRate: number;
  /** Share of requests that arrive a second time, perhaps much later. Their second answer is dropped. */
  readonly duplicateRate: number;
}

/** A network on a good day. */
export const goodNetwork: LinkProfile = {
  delayMinMs: 1,
  delayMaxMs: 4,
  slowRate: 0,
  slowMaxMs: 0,
  lossRate: 0,
  duplicateRate: 0,
};

/** A request to an endpoint, and what the caller wants to be told. */
export interface NetworkCall {
  readonly from: string;
  readonly to: string;
  readonly timeoutMs: number;
  readonly message: Uint8Array;
  /** The endpoint as it is when the message arrives. May reject: then the caller hears `unavailable`, as of a 500. */
  readonly serve: (message: Uint8Array) => Promise<Uint8Array>;
  /** The error for a call without an answer. */
  readonly unavailable: (why: string) => Error;
}

/**
 * Calls between named endpoints with delay, loss of request or answer, duplication, reordering, and blocked directions.
 * A call always settles: with its answer or, at its timeout, with `unavailable`.
 */
export class FaultyNetwork {
  profile: LinkProfile = goodNetwork;
  /** Hears every request and answer as it is sent. */
  onMessage: ((message: Uint8Array) => void) | undefined;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #blocked = new Set<string>();
  /** Milliseconds that every message from or to an endpoint takes longer. */
  readonly slowMs = new Map<string, number>();

  constructor(time: VirtualTime, random: SeededRandom, trace: Trace) {
    this.#time = time;
    this.#random = random;
    this.#trace = trace;
  }

  /** Nothing gets from `from` to `to` until {@link heal}. One direction only. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`);
  }

  /** Endpoints of different sides do not hear each other. Endpoints on no side hear everybody. */
  partition(sides: readonly (readonly string[])[]): void {
    this.#trace.add('network', `partition ${sides.map((side) => side.join('+')).join(' | ')}`);
    for (const side of sides) {
      for (const other of sides) {
        if (side === other) continue;
        for (const from of side) for (const to of other) this.block(from, to);
      }
    }
  }

  /** Unblocks every direction. */
  heal(): void {
    if (this.#blocked.size > 0) this.#trace.add('network', 'healed');
    this.#blocked.clear();
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  call(call: NetworkCall): Promise<Uint8Array> {
    this.onMessage?.(call.message);
    return new Promise((resolve, reject) => {
      const cancel = this.#time.after(call.timeoutMs, () => reject(call.unavailable('timeout')));
      const answer = (settle: () => void): void => {
        this.#send(call.to, call.from, () => {
          cancel();
          settle();
        });
      };
      const arrive = (): void => {
        call.serve(call.message.slice()).then(
          (reply) => {
            this.onMessage?.(reply);
            answer(() => resolve(reply));
          },
          () => answer(() => reject(call.unavailable('refused'))),
        );
      };
      this.#send(call.from, call.to, arrive);
      if (this.#random.chance(this.profile.duplicateRate)) {
        this.#trace.add('network', `duplicates ${call.from} > ${call.to}`);
        this.#send(call.from, call.to, arrive);
      }
    });
  }

  #send(from: string, to: string, arrive: () => void): void {
    const { delayMinMs, delayMaxMs, slowRate, slowMaxMs, lossRate } = this.profile;
    // Always the same number of draws, so that a change of one rate leaves the other choices in place.
    const isLost = this.#random.chance(lossRate);
    const isSlow = this.#random.chance(slowRate);
    const delayMs =
      this.#random.integer(delayMinMs, isSlow ? Math.max(slowMaxMs, delayMinMs) : delayMaxMs) +
      (this.slowMs.get(from) ?? 0) +
      (this.slowMs.get(to) ?? 0);
    if (isLost) this.#trace.add('network', `loses ${from} > ${to}`);
    if (isLost || this.isBlocked(from, to)) return;
    this.#time.after(delayMs, () => {
      if (!this.isBlocked(from, to)) arrive();
    });
  }
}
