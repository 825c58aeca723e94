import { OperatorError } from './errors.js';

export interface GatewayAddress {
  /** Origin of the gateway. */
  readonly url: string;
  /** Bearer token of its operator. */
  readonly token: string;
}

export interface RefreshOptions {
  readonly fetch?: typeof fetch;
  /** How long one gateway may take; default 60 s. */
  readonly timeoutMs?: number;
}

const answerBytesMax = 4_096;

/**
 * Tells a gateway to look for a new epoch now.
 * @returns the epoch that it hands out. @throws OperatorError `gateway`, also when that is older than `epoch`.
 */
export async function refreshGateway(
  { url, token }: GatewayAddress,
  epoch: number,
  options: RefreshOptions = {},
): Promise<number> {
  const { fetch: call = fetch, timeoutMs = 60_000 } = options;
  let answer: unknown;
  try {
    const response = await call(new URL('/v1/bundle/refresh', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (response.status !== 200 || text.length > answerBytesMax)
      throw new OperatorError('gateway', `${url} answered ${response.status}`);
    answer = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError('gateway', `no answer from ${url}`, { cause });
  }
  const shown = (answer as { epoch?: unknown } | null)?.epoch;
  if (typeof shown !== 'number' || shown < epoch)
    throw new OperatorError('gateway', `${url} does not hand out epoch ${epoch}`);
  return shown;
}
