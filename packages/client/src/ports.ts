import type { KsfParameters } from '@coffer/protocol';

/** Answer to one HTTP request. Header names are lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The way to a gateway. */
export interface Transport {
  /**
   * Posts `body` to `path` (absolute, such as `/v1/vault`). Any status is an answer, not an error.
   * @throws ClientError `network` when there is no complete answer.
   */
  post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<HttpAnswer>;
}

/** The way to a gateway for a client that learns fleets over the air. */
export interface OverTheAirTransport extends Transport {
  /** Gets `path`, with its query. Any status is an answer. @throws ClientError `network`. */
  get(path: string): Promise<HttpAnswer>;
}

/**
 * One value on this device, kept across crashes. It holds secrets: the seed of an attempt under way, and the confirm
 * secret and sealed bytes of a registration under way. Put it where the platform keeps secrets. Losing it costs at most
 * a guess and a warning; a thief of it learns nothing that lets them test a password without the fleet.
 */
export interface ClientStore {
  /** @returns what was saved last, or undefined when nothing ever was. */
  load(): Promise<Uint8Array | undefined>;
  /** Replaces the value atomically; durable before it resolves. */
  save(state: Uint8Array): Promise<void>;
}

/**
 * A few values on this device for one account, by name: `device`, and one for each fleet. Names are 1 to 70 of `a-z 0-9 -`.
 * What {@link ClientStore} says holds for each.
 */
export interface DeviceStore {
  slot(name: string): ClientStore;
}

/**
 * Stretches a password-derived `input`: Argon2id, 64 bytes out, zero 16-byte salt (RFC 9807 §6.3.2.1 and §7). May run in a worker. Called with
 * parameters between floor and ceiling only.
 */
export type Stretch = (input: Uint8Array, ksf: KsfParameters) => Uint8Array | Promise<Uint8Array>;
