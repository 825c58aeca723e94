import { utf8Text } from '@coffer/base';
import { ClientError, type ClientErrorCode } from './errors.js';
import type { HttpAnswer } from './ports.js';

/** What a host may say outside of the seal (docs/spec/protocol.md, outcomes and errors). */
const hostCodes = ['bad-request', 'unauthorized', 'rate-limited', 'unavailable', 'unknown-fleet'] as const;
type HostCode = (typeof hostCodes)[number];

const retryable: ReadonlySet<ClientErrorCode> = new Set(['network', 'unavailable', 'rate-limited']);

/** Whether the same post may succeed later. */
export function isRetryable(error: unknown): error is ClientError {
  return error instanceof ClientError && retryable.has(error.code);
}

/**
 * The error that an answer without a committed reply stands for. A host is believed in what it says about itself; it
 * can say nothing about the vault.
 */
export function hostError({ status, headers, body }: HttpAnswer): ClientError {
  const said = json(body);
  const code = hostCodes.find((known) => known === said?.code) ?? codeOfStatus(status);
  const waitMs = said?.retryAfterMs ?? headerMs(headers['retry-after']);
  const valid = typeof waitMs === 'number' && Number.isFinite(waitMs) && waitMs >= 0;
  return new ClientError(code, `the service answered ${code}`, valid ? { retryAfterMs: waitMs } : {});
}

function codeOfStatus(status: number): HostCode {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 429) return 'rate-limited';
  // A status that no gateway of ours sends (a proxy's redirect, an empty 200) is somebody's outage, not a verdict.
  return status >= 400 && status < 500 && status !== 408 ? 'bad-request' : 'unavailable';
}

function json(body: Uint8Array): { readonly code?: unknown; readonly retryAfterMs?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(utf8Text(body.subarray(0, 1_024)));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function headerMs(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : undefined;
}
