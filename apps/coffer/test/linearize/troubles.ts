import { sleep } from '@coffer/base';
import { systemTimers } from '@coffer/host';
import type { SeededRandom } from '@coffer/testing';
import type { Daemon } from '../../dist/fleet/daemon.js';
import type { RunningFleet } from '../../dist/fleet/running-fleet.js';
import type { ConnectionCutter } from './connection-cutter.js';

/** How often what happened. */
export interface TroubleTally {
  killed: number;
  frozen: number;
  cut: number;
  deaf: number;
}

const pauseMsMin = 600;
const pauseMsMax = 2_500;
const downMsMin = 200;
/** Longer than a lease: some leaders lose theirs while they are frozen, and wake up believing in it. */
const downMsMax = 3_500;

/** Kills, freezes and cuts, one after another and several at once, each undone by itself after a while. */
export class Troubles {
  readonly tally: TroubleTally = { killed: 0, frozen: 0, cut: 0, deaf: 0 };
  readonly #fleet: RunningFleet;
  readonly #cutter: ConnectionCutter;
  readonly #random: SeededRandom;
  readonly #underWay = new Set<Promise<void>>();
  /** Processes that something is happening to. */
  readonly #touched = new Set<Daemon>();

  constructor(fleet: RunningFleet, cutter: ConnectionCutter, random: SeededRandom) {
    this.#fleet = fleet;
    this.#cutter = cutter;
    this.#random = random;
  }

  /** Goes on until `endMs` (`Date.now()`), and resolves when everything runs again. */
  async until(endMs: number): Promise<void> {
    while (Date.now() < endMs) {
      await sleep(systemTimers, this.#random.integer(pauseMsMin, pauseMsMax));
      const trouble = this.#one().finally(() => this.#underWay.delete(trouble));
      this.#underWay.add(trouble);
    }
    await Promise.all(this.#underWay);
  }

  async #one(): Promise<void> {
    const dice = this.#random.integer(1, 100);
    const ms = this.#random.integer(downMsMin, downMsMax);
    if (dice <= 40) return this.#during(this.#victims(), ms, 'kill');
    if (dice <= 80) return this.#during(this.#victims(), ms, 'freeze');
    if (dice <= 92) {
      this.tally.cut++;
      this.#cutter.cut();
      return;
    }
    this.tally.deaf++;
    this.#cutter.setDeaf(true);
    await sleep(systemTimers, ms);
    this.#cutter.setDeaf(false);
  }

  async #during(victims: readonly Daemon[], ms: number, what: 'kill' | 'freeze'): Promise<void> {
    const daemons = victims.filter((daemon) => !this.#touched.has(daemon));
    for (const daemon of daemons) this.#touched.add(daemon);
    try {
      if (what === 'kill') {
        this.tally.killed += daemons.length;
        await Promise.all(daemons.map((daemon) => daemon.kill()));
      } else {
        this.tally.frozen += daemons.length;
        for (const daemon of daemons) daemon.freeze();
      }
      await sleep(systemTimers, ms);
    } finally {
      for (const daemon of daemons) {
        if (what === 'kill') daemon.start();
        else daemon.thaw();
        this.#touched.delete(daemon);
      }
    }
  }

  /** Some processes: of one or two sites, the whole site or half of it; now and then of a majority; rarely the gateway. */
  #victims(): Daemon[] {
    const fleet = this.#fleet;
    const dice = this.#random.integer(1, 20);
    if (dice === 1) return [fleet.gatewayd()];
    const ids = fleet.descriptor.members.map(({ id }) => id);
    const count = dice === 2 ? Math.ceil((ids.length + 1) / 2) : this.#random.integer(1, 2);
    return this.#random.sample(ids, count).flatMap((id) => {
      const [hsmd, agentd] = [fleet.hsmd(id), fleet.agentd(id)];
      return this.#random.pick([[hsmd, agentd], [agentd], [hsmd]]);
    });
  }
}
