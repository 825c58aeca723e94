import { AuditorError, type RefusalCode } from '../errors.js';

type Status = 400 | 403 | 404 | 405 | 408 | 409 | 413 | 422 | 500 | 503;

/** From every refusal to its HTTP status. A code without a row does not compile. */
export const statusOf: { readonly [Code in RefusalCode]: Status } = {
  'bad-request': 400,
  'bad-artifact': 400,
  'bad-trust-root': 400,
  'namespace-disabled': 400,
  'evidence-mismatch': 400,
  'bad-operator-signature': 403,
  'key-revoked': 403,
  'below-threshold': 403,
  'not-found': 404,
  'unknown-namespace': 404,
  'bad-method': 405,
  'body-too-slow': 408,
  'epoch-not-next': 409,
  'epoch-signed': 409,
  'wrong-previous': 409,
  'digest-reused': 409,
  'not-signed': 409,
  'already-logged': 409,
  'trust-root-version': 409,
  'version-not-next': 409,
  'revocation-undone': 409,
  'body-too-large': 413,
  'wrong-namespace': 422,
  'fleet-returned': 422,
  'evidence-missing': 422,
  'evidence-failed': 422,
  'not-after': 422,
  'other-log': 422,
  halted: 500,
  internal: 500,
  'no-signing-key': 503,
  'no-witness-quorum': 503,
  'log-unconfirmed': 503,
  busy: 503,
};

const isRefusal = (code: string): code is RefusalCode => Object.hasOwn(statusOf, code);

/** The code of a refusal; anything else that was thrown is our own bug. */
export const refusalOf = (error: unknown): RefusalCode =>
  error instanceof AuditorError && isRefusal(error.code) ? error.code : 'internal';

/** `{"error": code}`. */
export function refusalResponse(code: RefusalCode): Response {
  const status = statusOf[code];
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  // The rest of a body that was refused is not read; the connection cannot carry another request.
  if (status === 408 || status === 413) headers.connection = 'close';
  if (status === 503) headers['retry-after'] = '5';
  return new Response(JSON.stringify({ error: code }), { status, headers });
}
