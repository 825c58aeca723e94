import { type Logger, pino } from 'pino';
import type { LogConfig } from './configuration.js';
import { privateFileMode } from './durable-file.js';

export type { Logger } from 'pino';

/**
 * One JSON object a line. Written synchronously, so that the last line before a crash is there; every event is rare
 * enough for that. Callers log labels and numbers: no request, no token, no account.
 */
export function openLog(name: string, config: LogConfig, path: (path: string) => string): Logger {
  const target =
    config.file === undefined
      ? pino.destination({ dest: 1, sync: true })
      : pino.destination({ dest: path(config.file), append: true, mkdir: true, mode: privateFileMode, sync: true });
  const options = { name, level: config.level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, target);
}
