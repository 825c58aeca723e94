import { ByteCollector } from '@coffer/base';
import { ClientError } from './errors.js';
import { answerBytesMax, postMsMax } from './limits.js';
import type { HttpAnswer, OverTheAirTransport } from './ports.js';

export interface FetchTransportOptions {
  /** Default {@link postMsMax}. */
  readonly timeoutMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

/**
 * A transport over `fetch`: no cookies, no cache, no redirects, a time limit, and a limit on what is read.
 * @param baseUrl - of the gateway, such as `https://vault.example`; a path in it is kept.
 */
export function fetchTransport(baseUrl: string, options: FetchTransportOptions = {}): OverTheAirTransport {
  const { timeoutMs = postMsMax, fetch: send = globalThis.fetch } = options;
  const base = baseUrl.replace(/\/+$/, '');
  const ask = async (path: string, request: RequestInit): Promise<HttpAnswer> => {
    try {
      const response = await send(base + path, {
        ...request,
        signal: AbortSignal.timeout(timeoutMs),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
      });
      return await received(response);
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      throw new ClientError('network', 'no answer', { cause });
    }
  };
  return {
    post: (path, headers, body) => ask(path, { method: 'POST', headers, body: body.slice() }),
    get: (path) => ask(path, { method: 'GET' }),
  };
}

async function received(response: Response): Promise<HttpAnswer> {
  const body = new ByteCollector();
  const reader = response.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) break;
    if (body.length + next.value.length > answerBytesMax) {
      await reader?.cancel();
      throw new ClientError('network', `answer over ${answerBytesMax} bytes`);
    }
    body.add(next.value);
  }
  return { status: response.status, headers: Object.fromEntries(response.headers), body: body.whole() };
}
