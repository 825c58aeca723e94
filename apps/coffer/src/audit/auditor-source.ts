import { type AuditSource, httpSource, MonitorError } from '@coffer/monitor';
import { CliError } from '../cli-error.js';

/** What an auditor publishes, at an address that a person named. @throws CliError `usage`. */
export function auditorSource(url: string): AuditSource {
  try {
    return httpSource(url);
  } catch (cause) {
    if (!(cause instanceof MonitorError)) throw cause;
    throw new CliError('usage', 'bad-url', `not the address of an auditor: ${url}`, { cause });
  }
}
