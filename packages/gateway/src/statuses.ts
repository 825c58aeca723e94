import type { GatewayError, GatewayErrorCode } from './errors.js';

/** All that a host may say to a client outside of the seal (docs/spec/protocol.md, outcomes and errors). */
export type HostCode = 'bad-request' | 'unauthorized' | 'rate-limited' | 'unavailable' | 'unknown-fleet';

interface HttpMeaning {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 429 | 500 | 503;
  readonly says: HostCode;
}

/** From every code of this package to what a client sees. A code without a row does not compile. */
export const httpMeanings: { readonly [Code in GatewayErrorCode]: HttpMeaning } = {
  'bad-token': { status: 401, says: 'unauthorized' },
  'keys-unavailable': { status: 503, says: 'unavailable' },
  'bad-call': { status: 400, says: 'bad-request' },
  'body-too-large': { status: 413, says: 'bad-request' },
  'body-too-slow': { status: 408, says: 'unavailable' },
  'unknown-fleet': { status: 404, says: 'unknown-fleet' },
  'account-limited': { status: 429, says: 'rate-limited' },
  'address-limited': { status: 429, says: 'rate-limited' },
  'no-leader': { status: 503, says: 'unavailable' },
  'agent-unavailable': { status: 503, says: 'unavailable' },
  overloaded: { status: 503, says: 'unavailable' },
  'no-bundle': { status: 503, says: 'unavailable' },
  'bundle-refused': { status: 503, says: 'unavailable' },
  'not-operator': { status: 401, says: 'unauthorized' },
  'not-found': { status: 404, says: 'bad-request' },
  'bad-method': { status: 405, says: 'bad-request' },
  internal: { status: 500, says: 'unavailable' },
  'bad-config': { status: 500, says: 'unavailable' },
};

/** The answer to a call that failed: `{code, retryAfterMs?}`, and `Retry-After` in whole seconds. */
export function errorResponse(error: GatewayError): Response {
  const { status, says } = httpMeanings[error.code];
  const { retryAfterMs } = error;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1_000));
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  // The rest of a body that was refused is not read; the connection cannot carry another request.
  if (status === 408 || status === 413) headers.connection = 'close';
  const body = JSON.stringify({ code: says, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  return new Response(body, { status, headers });
}
