import { ByteCollector } from '@coffer/base';
import { MonitorError } from './errors.js';
import { answerMsDefault } from './limits.js';
import type { AuditSource } from './source.js';

export interface HttpSourceOptions {
  readonly fetch?: typeof fetch;
  /** How long one answer may take; default {@link answerMsDefault}. */
  readonly answerMs?: number;
}

/**
 * An auditor's HTTP, or a mirror of it.
 * @param url - its origin, such as `https://auditor.example`; a path before the calls is kept.
 * @throws MonitorError `bad-url`.
 */
export function httpSource(url: string, options: HttpSourceOptions = {}): AuditSource {
  const base = baseOf(url);
  const { answerMs = answerMsDefault } = options;
  const get = options.fetch ?? fetch;
  return {
    async get(path, bytesMax) {
      try {
        // A redirect could make a monitor that runs inside a network ask anything of anybody there.
        const response = await get(`${base}${path}`, { redirect: 'error', signal: AbortSignal.timeout(answerMs) });
        if (response.status !== 200) {
          await response.body?.cancel();
          if (response.status === 404) return undefined;
          throw new MonitorError('unreachable', `${path}: status ${response.status}`);
        }
        return await whole(response, path, bytesMax);
      } catch (cause) {
        if (cause instanceof MonitorError) throw cause;
        throw new MonitorError('unreachable', `${path}: no answer`, { cause });
      }
    },
  };
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new MonitorError('bad-url', 'not the address of an auditor');
  return url.href.replace(/\/+$/, '');
}

async function whole(response: Response, path: string, bytesMax: number): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const body = new ByteCollector();
  for (;;) {
    const next = await reader?.read();
    if (next?.value === undefined || next.done) return body.whole();
    if (body.length + next.value.length > bytesMax) {
      await reader?.cancel();
      throw new MonitorError('too-large', `${path}: over ${bytesMax} bytes`);
    }
    body.add(next.value);
  }
}
