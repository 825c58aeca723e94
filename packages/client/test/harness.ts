import { type Clock, type Timers, utf8 } from '@coffer/base';
import {
  ClientError,
  type HttpAnswer,
  MemoryClientStore,
  type Stretch,
  type Transport,
  VaultClient,
  VaultExchange,
} from '@coffer/client';
import { sha512, systemEntropy } from '@coffer/crypto';
import { isKsfAcceptable, vaultIdOf } from '@coffer/protocol';
import { FakeFleet } from './fake-fleet.js';

export const tenant = 'example';
export const account = 'alice@example.org';
export const vaultId = vaultIdOf(tenant, account);

/** Time that passes only when somebody waits for it. */
export class InstantTime implements Clock, Timers {
  readonly waitsMs: number[] = [];
  #nowMs = 1_700_000_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    this.waitsMs.push(delayMs);
    let cancelled = false;
    queueMicrotask(() => {
      this.#nowMs += delayMs;
      if (!cancelled) task();
    });
    return () => {
      cancelled = true;
    };
  }
}

/** Stands in for Argon2id where a test is not about it. Counts its runs, and never runs outside of the accepted range. */
export function quickStretch(): Stretch & { runs: number } {
  const stretch = (input: Uint8Array, ksf: Parameters<Stretch>[1]): Uint8Array => {
    if (!isKsfAcceptable(ksf)) throw new Error('stretched with refused parameters');
    run.runs++;
    return sha512(utf8('quick'), input);
  };
  const run = Object.assign(stretch, { runs: 0 });
  return run;
}

/** Where a device can stop working: before or after a save, before or after a post reaches the fleet. */
export type Step = 'save' | 'saved' | 'post' | 'posted';

/** The code under test: the real package, or a copy with one duty taken out. */
export interface Sdk {
  readonly VaultClient: typeof VaultClient;
}

export interface DeviceOptions {
  readonly budgetLimit?: number;
  readonly sdk?: Sdk;
}

/** One device with its store, a fleet, and a wire between them that a test can cut anywhere. */
export class Device {
  readonly fleet: FakeFleet;
  readonly time = new InstantTime();
  readonly stretch = quickStretch();
  store = new MemoryClientStore();
  /** Called at each step; throw to crash there. */
  at: (step: Step) => void = () => undefined;
  /** When it returns an answer, the fleet never sees that post. */
  intercept: (post: number, body: Uint8Array) => HttpAnswer | undefined = () => undefined;
  posts = 0;
  saves = 0;
  readonly #sdk: Sdk;

  constructor(options: DeviceOptions & { readonly fleet?: FakeFleet } = {}) {
    this.fleet = options.fleet ?? new FakeFleet(vaultId, options);
    this.#sdk = options.sdk ?? { VaultClient };
  }

  readonly transport: Transport = {
    post: async (path, headers, body) => {
      this.at('post');
      const instead = this.intercept(++this.posts, body);
      if (instead !== undefined) return instead;
      if (path !== '/v1/vault' || headers.authorization !== 'Bearer token') throw new Error('not a vault call');
      const answer = this.fleet.answer(body);
      this.at('posted');
      return { status: 200, headers: {}, body: answer };
    },
  };

  exchange(): VaultExchange {
    const { transport, time } = this;
    const vault = { fleet: this.fleet.fleet, vaultId };
    return new VaultExchange({ vault, transport, token, entropy: systemEntropy, clock: time, timers: time });
  }

  /** A client as after a start of the app. */
  open(): Promise<VaultClient> {
    const { transport, time, stretch } = this;
    const store = {
      load: () => this.store.load(),
      save: async (state: Uint8Array) => {
        this.at('save');
        this.saves++;
        await this.store.save(state);
        this.at('saved');
      },
    };
    return this.#sdk.VaultClient.open({
      fleet: this.fleet.fleet,
      tenant,
      account,
      transport,
      token,
      store,
      clock: time,
      timers: time,
      stretch,
    });
  }
}

/** A device whose vault is protected with `password`, and its key. */
export async function protectedDevice(
  password = 'correct horse',
  options: DeviceOptions = {},
): Promise<{ device: Device; client: VaultClient; backupKey: Uint8Array }> {
  const device = new Device(options);
  const client = await device.open();
  const backupKey = systemEntropy.bytes(32);
  const outcome = await client.protect(password, backupKey);
  if (outcome.type !== 'protected') throw new Error(`not protected: ${outcome.type}`);
  device.fleet.seen.length = 0;
  return { device, client, backupKey };
}

export const token = async (): Promise<string> => 'token';

export const hostSays = (status: number, code: string, retryAfterMs?: number): HttpAnswer => ({
  status,
  headers: {},
  body: utf8(JSON.stringify({ code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })),
});

/** Asserts on a ClientError's code with `assert.rejects`. */
export const code = (expected: string) => (error: unknown) => error instanceof ClientError && error.code === expected;

/** What a device throws to crash. */
export class PowerCut extends Error {}
