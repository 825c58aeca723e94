import { sleep, utf8 } from '@coffer/base';
import { ClientError } from '@coffer/client';
import { opaqueGenerateKe1 } from '@coffer/crypto';
import { nameOfText } from './linearizability/vault-call.js';
import { rawCaller } from './probe.js';
import { SeededEntropy } from './seeded-random.js';
import type { SimFleet } from './sim-fleet.js';

const pauseMsMax = 300;

/** Somebody with a stolen token and no password: guesses as fast as they can, until the vault is gone. */
export class Guesser {
  readonly #fleet: SimFleet;
  readonly #account: string;
  readonly #versions = new Map<number, number>();
  #isStopped = false;

  constructor(fleet: SimFleet, account: string) {
    this.#fleet = fleet;
    this.#account = account;
  }

  /** Evaluations that this guesser heard, by version of the vault. */
  get evaluations(): ReadonlyMap<number, number> {
    return this.#versions;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    const { world } = this.#fleet;
    const name = `thief-${this.#account}`;
    const random = world.random.fork(name);
    const entropy = new SeededEntropy(random.fork('ke1'));
    const call = rawCaller(this.#fleet, name, this.#account, { tries: nameOfText('a wrong guess') });
    for (let guess = 1; !this.#isStopped; guess++) {
      const { ke1 } = opaqueGenerateKe1(utf8(`guess ${guess}`), entropy);
      try {
        const reply = await call({ type: 'recover.start', ke1 });
        world.trace.add(name, reply.type);
        if (reply.type === 'recover.started') this.#count(reply.version);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
      }
      await sleep(world.time, random.integer(1, pauseMsMax));
    }
  }

  #count(version: number): void {
    this.#versions.set(version, (this.#versions.get(version) ?? 0) + 1);
  }
}
