import { ClientError, type ClientStore, type Stretch, type Transport, VaultClient } from '@coffer/client';
import { sha512 } from '@coffer/crypto';
import { type FleetDescriptor, ksfFloor, vaultIdOf } from '@coffer/protocol';
import type { FaultyNetwork } from './faulty-network.js';
import { Life } from './life.js';
import type { ExchangeTap } from './linearizability/exchange-tap.js';
import type { Secrets } from './linearizability/vault-call.js';
import { SeededEntropy, type SeededRandom } from './seeded-random.js';
import { SimClock } from './sim-clock.js';
import { framePost, gatewayName, type SimGateway, simTenant, unframeAnswer } from './sim-gateway.js';
import type { SimWorld } from './sim-world.js';

const postTimeoutMs = 10_000;
const saveMsMax = 3;

/** Stands for Argon2id, which costs more than the whole rest of a schedule: the simulation is not about stretching. */
export const cheapStretch: Stretch = (input) => sha512(input);

/** Thrown to whoever waited for a device that crashed. */
export class DeviceCrash extends Error {
  override readonly name = 'DeviceCrash';
}

/** What a device needs of the simulation around it. */
export interface SimDeviceParts {
  readonly world: SimWorld;
  readonly fleet: FleetDescriptor;
  readonly network: FaultyNetwork;
  readonly gateway: SimGateway;
  /** Records what is posted. */
  readonly tap: ExchangeTap;
}

/**
 * A transport from `name` to the simulated gateway with the token of `account`.
 * @param secrets - the passwords that the caller is using just now, for the history.
 */
export function simTransport(
  { network, gateway, tap }: SimDeviceParts,
  name: string,
  account: string,
  secrets: () => Secrets,
): Transport {
  const caller = { process: name, account, vaultId: vaultIdOf(simTenant, account), secrets };
  return tap.transport(caller, {
    post: async (_path, _headers, body) =>
      unframeAnswer(
        await network.call({
          from: name,
          to: gatewayName,
          message: framePost(account, body),
          timeoutMs: postTimeoutMs,
          serve: (post) => gateway.serve(post),
          unavailable: (why) => new ClientError('network', why),
        }),
      ),
  });
}

/** One person's device: the real SDK over a disk that survives a crash. */
export class SimDevice {
  readonly name: string;
  readonly account: string;
  /** The passwords of the call under way, for the history. */
  secrets: Secrets = {};
  readonly #parts: SimDeviceParts;
  readonly #random: SeededRandom;
  readonly clock: SimClock;
  #cut: 'before' | 'after' | undefined;
  #disk: Uint8Array | undefined;
  #life = new Life();
  #runs = 0;
  #client: Promise<VaultClient> | undefined;
  #onCrash: (() => void) | undefined;

  constructor(parts: SimDeviceParts, account: string) {
    this.#parts = parts;
    this.clock = new SimClock(parts.world.time);
    this.account = account;
    this.name = account;
    this.#random = parts.world.random.fork(`device ${account}`);
  }

  /** The app is killed at the next write of its state, which then has happened or has not. */
  cutStore(cut: 'before' | 'after'): void {
    this.#cut = cut;
  }

  /** The app is killed, and started again. What it waited for rejects with {@link DeviceCrash}. */
  crash(): void {
    this.#parts.world.trace.add(this.name, 'crashes');
    this.#life.end();
    this.#life = new Life();
    this.#client = undefined;
    const onCrash = this.#onCrash;
    this.#onCrash = undefined;
    onCrash?.();
  }

  /** One call of the SDK; one at a time. @throws DeviceCrash, and what the SDK throws. */
  use<T>(work: (client: VaultClient) => Promise<T>): Promise<T> {
    const life = this.#life;
    return new Promise((resolve, reject) => {
      this.#onCrash = () => reject(new DeviceCrash('crashed'));
      life
        .within(async () => {
          this.#client ??= this.#open(life);
          return work(await this.#client);
        })
        .then(resolve, reject);
    });
  }

  #open(life: Life): Promise<VaultClient> {
    const { world, fleet } = this.#parts;
    const transport = simTransport(this.#parts, this.name, this.account, () => this.secrets);
    this.#runs++;
    return VaultClient.open({
      fleet,
      tenant: simTenant,
      account: this.account,
      transport: { post: (path, headers, body) => life.within(() => transport.post(path, headers, body)) },
      token: async () => this.account,
      store: this.#store(life),
      entropy: new SeededEntropy(this.#random.fork(`run${this.#runs}`)),
      clock: this.clock,
      timers: life.timers(world.time),
      ksf: ksfFloor,
      stretch: cheapStretch,
    });
  }

  #store(life: Life): ClientStore {
    const { time, points } = this.#parts.world;
    const dies = (moment: 'before' | 'after', write: number): void => {
      if (!life.alive || (this.#cut !== moment && !points.isDeath('store', write, moment))) return;
      this.#cut = undefined;
      this.crash();
    };
    return {
      load: () => life.within(() => time.later(1, () => this.#disk?.slice())),
      save: (state) => {
        const copy = state.slice();
        return life.within(() =>
          time.later(this.#random.integer(0, saveMsMax), () => {
            // A crash before this moment loses the write; after it, only the knowledge that it is done.
            const write = points.begin('store');
            dies('before', write);
            if (life.alive) this.#disk = copy;
            dies('after', write);
          }),
        );
      },
    };
  }
}
