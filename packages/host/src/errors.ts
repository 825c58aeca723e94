import { CodedError } from '@coffer/base';

/**
 * `bad-config` a configuration file that cannot be read or does not fit · `in-use` another process holds the lock ·
 * `file` a file could not be read or written.
 */
export type HostErrorCode = 'bad-config' | 'in-use' | 'file';

/** What this package throws. The message names paths and fields of the operator's own files and nothing from outside. */
export class HostError extends CodedError<HostErrorCode> {}

/** The `code` of a Node.js system error, such as `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
