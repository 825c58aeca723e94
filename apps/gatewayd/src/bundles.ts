import { readFileSync } from 'node:fs';
import { LogBundleSource } from '@coffer/gateway';
import { HostError, type Logger, systemClock, systemCode, systemTimers } from '@coffer/host';
import { httpLogReader } from '@coffer/publication';
import { decodeTrustRoot, TransparencyError } from '@coffer/transparency';
import type { z } from 'zod';
import type { gatewaydSchema } from './config.js';

type Config = NonNullable<z.output<typeof gatewaydSchema>['transparency']>;

/** How long one answer of the auditor may take. */
const readMsMax = 10_000;

/** The bundles of the configured log; it looks for them once started. @throws HostError `bad-config`. */
export function openBundles(config: Config, path: (file: string) => string, log: Logger): LogBundleSource {
  const { auditor, namespace, refreshMs, demoWaitingMs } = config;
  const trustRoot = readTrustRoot(path(config.trustRoot), namespace);
  const get = (url: string) => fetch(url, { redirect: 'error', signal: AbortSignal.timeout(readMsMax) });
  return new LogBundleSource({
    reader: httpLogReader(auditor, namespace, get),
    trustRoot,
    clock: systemClock,
    timers: systemTimers,
    ...(refreshMs === undefined ? {} : { refreshMs }),
    ...(demoWaitingMs === undefined ? {} : { waitingMs: demoWaitingMs }),
    log: ({ type, ...fields }) => (type === 'bundle-verified' ? log.info(fields, type) : log.warn(fields, type)),
  });
}

function readTrustRoot(file: string, namespace: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new HostError('bad-config', `cannot read ${file} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
  try {
    if (decodeTrustRoot(bytes).trustRoot.namespace === namespace) return bytes;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw new HostError('bad-config', `${file}: not a trust root`, { cause });
  }
  throw new HostError('bad-config', `${file}: a trust root of another namespace`);
}
