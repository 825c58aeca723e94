import { CodedError } from '@coffer/base';

/**
 * Codes of {@link BackupError}.
 *
 * Of a stored backup: `no-backup`, `wrong-key` (made with another key, or for another account), `older-than-expected`,
 * `missing-object`, `truncated`, `reordered`, `swapped` (an authentic object, but of another backup or place), `damaged`
 * (anything else that does not authenticate), `unsupported-version`, `bad-manifest` (authentic, but against the format),
 * `unsafe-path` (authentic, but would lead out of the target).
 * Of a source: `unreadable-source`, `changed-while-reading`, `unsupported-name`, `over-limit`, `generation-not-newer`.
 * Of a target: `target-conflict`, `write-failed`, `aborted` (the person said so), `no-such-file`.
 * Of a store: `bad-object-name`. Of a keyring: `no-keyring`, `bad-keyring`, `wrap-exists`, `no-such-wrap`, `unwrap-failed`,
 * `recovery-key-malformed`, `recovery-key-typo`, `recovery-key-wrong`. `bad-argument`: the caller's own mistake.
 */
export type BackupErrorCode =
  | 'no-backup'
  | 'wrong-key'
  | 'older-than-expected'
  | 'missing-object'
  | 'truncated'
  | 'reordered'
  | 'swapped'
  | 'damaged'
  | 'unsupported-version'
  | 'bad-manifest'
  | 'unsafe-path'
  | 'unreadable-source'
  | 'changed-while-reading'
  | 'unsupported-name'
  | 'over-limit'
  | 'generation-not-newer'
  | 'target-conflict'
  | 'write-failed'
  | 'aborted'
  | 'no-such-file'
  | 'bad-object-name'
  | 'no-keyring'
  | 'bad-keyring'
  | 'wrap-exists'
  | 'no-such-wrap'
  | 'unwrap-failed'
  | 'recovery-key-malformed'
  | 'recovery-key-typo'
  | 'recovery-key-wrong'
  | 'bad-argument';

/**
 * Everything this package throws on bad input or failed I/O. `message` and `code` may be logged; the relative path of
 * the file concerned is kept apart in `path`, because names are among the things that a backup keeps secret.
 */
export class BackupError extends CodedError<BackupErrorCode> {
  readonly path: string | undefined;

  constructor(code: BackupErrorCode, message: string, options?: { readonly cause?: unknown; readonly path?: string }) {
    super(code, message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.path = options?.path;
  }

  /** What to show to the person whose files they are: the message, and the name that a log must not get. */
  forPerson(): string {
    return this.path === undefined ? this.message : `${this.message}: ${this.path}`;
  }
}

/** The `code` of a Node.js system error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
