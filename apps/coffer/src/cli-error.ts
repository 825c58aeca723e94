import { CodedError } from '@coffer/base';

/**
 * `usage` wrong arguments, or something that a person has to decide first · `refused` the vault, or a check of a backup,
 * says no · `unavailable` what is needed does not answer or is not there · `state-refused` a server does not start on the state it finds, and is never started on
 * it again · `cancelled` the person stopped it.
 */
export type CliErrorCode = 'usage' | 'refused' | 'unavailable' | 'state-refused' | 'cancelled';

/** An end that the person should read about. `reason` is a stable word for `--json`. */
export class CliError extends CodedError<CliErrorCode> {
  readonly reason: string;
  /** What `--json` says beside reason and message. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: CliErrorCode,
    reason: string,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(code, message, options);
    this.reason = reason;
    this.details = options.details ?? {};
  }
}
