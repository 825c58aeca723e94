import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Auditor,
  AuditorError,
  type AuditorEvent,
  auditorKey,
  type EvidenceCheck,
  FolderStore,
  HttpWitnesses,
  openAuditor,
  serveAuditor,
} from '@coffer/auditor';
import {
  type DaemonDefinition,
  type ExitCode,
  exitCodes,
  FileLock,
  HostError,
  type Logger,
  makeFolders,
  packageVersion,
  readFileIfAny,
  readSeedFile,
  systemClock,
  systemCode,
  systemTimers,
} from '@coffer/host';
import type { z } from 'zod';
import { auditordSchema } from './config.js';

/**
 * Only what the store itself says makes it a store that is never started on again: whoever retires a good one, because a
 * disk was full or a key not configured, has an auditor that forgot what it signed.
 */
const startCodes: Readonly<Partial<Record<AuditorError['code'], ExitCode>>> = {
  'log-truncated': exitCodes.stateRefused,
  'log-forked': exitCodes.stateRefused,
  'log-damaged': exitCodes.stateRefused,
  'bad-config': exitCodes.usage,
  'no-signing-key': exitCodes.usage,
  halted: exitCodes.unavailable,
};

/** Everything but what judges evidence. */
export const auditordDefinition = (
  evidence: (takesSimulated: boolean) => EvidenceCheck,
): DaemonDefinition<z.output<typeof auditordSchema>> => ({
  name: 'auditord',
  version: packageVersion(import.meta.url),
  help: `
An auditor of fleet keys: checks what an operator wants to publish, signs it once for its epoch, logs it under the
operator's counter-signature, has the log cosigned by witnesses and serves all of it. GET /openapi.json describes the API.
It never starts on a log that contradicts a checkpoint that it has signed.

Configuration: { "store", "auditorKeys": [{ "seed", "notBeforeMs" }], "namespaces": [{ "trustRoot", "logKeys": [],
"disabled" }], "listen": { "host", "port", "tls" }, "refreshMs", "witnessTimeoutMs", "simulatedHardware", "log": { "file", "level" } }`,
  schema: auditordSchema,
  exitCodeOf: (error) => (error instanceof AuditorError ? startCodes[error.code] : undefined),
  async start(config, { log, path, fail }) {
    const folder = path(config.store);
    makeFolders(folder);
    // Two processes on one store could sign two artifacts for one epoch.
    const lock = FileLock.acquire(join(folder, 'lock'));
    const onEvent = (event: AuditorEvent): void => {
      logEvent(log, event);
      // Nobody knows what the last write left. A new start reads it all again.
      if (event.type === 'halted')
        fail(exitCodes.unavailable, `a write failed (${systemCode(rootCause(event.cause)) ?? 'unknown'})`);
    };
    const auditor = openAuditor({
      namespaces: config.namespaces.map(({ trustRoot, logKeys, disabled }) => ({
        trustRoot: readBytes(path(trustRoot)),
        logSeeds: logKeys.map((file) => readSeedFile(path(file))),
        isDisabled: disabled,
      })),
      auditorKeys: config.auditorKeys.map(({ seed, notBeforeMs }) => auditorKey(readSeedFile(path(seed)), notBeforeMs)),
      store: new FolderStore(folder),
      evidence: evidence(config.simulatedHardware),
      witnesses: new HttpWitnesses({
        clock: systemClock,
        timers: systemTimers,
        timeoutMs: config.witnessTimeoutMs,
        onEvent,
      }),
      clock: systemClock,
      timers: systemTimers,
      limits: { refreshMs: config.refreshMs },
      onEvent,
    });
    if (config.simulatedHardware) log.warn('SIMULATED HARDWARE: fleets of software HSMs are signed, too');
    const server = await listen(auditor, config.listen, path);
    auditor.start();
    return {
      async stop() {
        await server.close();
        await auditor.stop();
        lock.release();
      },
    };
  },
});

function listen(
  auditor: Auditor,
  { host, port, tls }: { host: string; port: number; tls?: { key: string; cert: string } | undefined },
  path: (path: string) => string,
) {
  const files = tls === undefined ? {} : { tls: { key: readText(path(tls.key)), cert: readText(path(tls.cert)) } };
  return serveAuditor(auditor, { hostname: host, port, ...files }).catch((cause: unknown) => {
    throw new HostError('in-use', `cannot listen on ${host}:${port} (${systemCode(cause) ?? 'failed'})`, { cause });
  });
}

/** Its fields as they are, for they hold labels and numbers only; a cause only where it is our own bug. */
function logEvent(log: Logger, event: AuditorEvent): void {
  const { type, ...fields } = event;
  if (event.type === 'refused' && event.code === 'internal') log.error({ code: event.code, err: event.cause }, type);
  else if (event.type === 'refused') log.info({ code: event.code }, type);
  else if (event.type === 'halted') log.error({ err: event.cause }, type);
  else if (event.type === 'no-witness-quorum' || event.type === 'witness-failed') log.warn(fields, type);
  else log.info(fields, type);
}

/** Of our own errors, the one below. */
const rootCause = (error: unknown): unknown => (error instanceof HostError ? error.cause : error);

function readBytes(file: string): Uint8Array {
  const bytes = readFileIfAny(file);
  if (bytes === undefined) throw new HostError('bad-config', `no file at ${file}`);
  return bytes;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HostError('bad-config', `cannot read ${file} (${systemCode(cause) ?? 'failed'})`, { cause });
  }
}
