import type { Clock } from '@coffer/base';

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Token buckets by key, in bounded memory. A key that was forgotten starts again with a full bucket. */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  readonly #bucketsMax: number;
  /** In the order of last use, the oldest first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    clock: Clock,
    options: { readonly burst: number; readonly perMinute: number; readonly bucketsMax: number },
  ) {
    this.#clock = clock;
    this.#burst = options.burst;
    this.#perMs = options.perMinute / 60_000;
    this.#bucketsMax = options.bucketsMax;
  }

  /** Keys remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token. @returns 0, or the milliseconds until there is one; then nothing was taken. */
  take(key: string): number {
    const nowMs = this.#clock.nowMs();
    const old = this.#buckets.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    // A clock that was set back gives nothing and takes nothing.
    const gained = Math.max(0, nowMs - old.atMs) * this.#perMs;
    const bucket = { tokens: Math.min(this.#burst, old.tokens + gained), atMs: nowMs };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#bucketsMax) this.#buckets.delete(this.#buckets.keys().next().value as string);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perMs);
    bucket.tokens -= 1;
    return 0;
  }
}

/** What counts as one address: an IPv4 address, or the /64 of an IPv6 one, since every home has a whole one. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
