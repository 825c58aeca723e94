import { InvalidArgumentError } from 'commander';

/** A whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`not a whole number from ${min} to ${max}`);
  };
}

/** A SHA-256 digest. */
export function digestHex(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('not 64 lower-case hex digits');
}

/** A repeatable option. */
export function collected(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Where a server listens. */
export interface Address {
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** `HOST:PORT`, an IPv6 host in brackets. */
export function address(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || port > 65_535) throw new InvalidArgumentError('not HOST:PORT');
  return { hostname, port };
}
