import { CodedError } from '@coffer/base';

/**
 * What a client call throws. Expected results of the protocol (wrong password, locked out …) are outcomes and are never
 * thrown.
 *
 * - `network`: no answer from the service; nothing is known about what happened there.
 * - `unavailable`: the service said that it cannot serve the vault now, and went on saying so.
 * - `rate-limited`: the service asked for a longer wait than this client is willing to make on its own.
 * - `unauthorized`: the account token was not accepted.
 * - `bad-request`: the service calls our request malformed; an old client, or another account's token.
 * - `unknown-fleet`: the service does not serve the pinned fleet.
 * - `unproven-reply`: a reply that no majority of the fleet stands behind. Somebody between us and the fleet lies.
 * - `bad-reply`: a proven reply that does not open, or that is no answer to what was asked.
 * - `ksf-refused`: key-stretching parameters below the floor or above the ceiling.
 * - `bad-password`: not a password in the sense of RFC 8265; nothing was sent.
 * - `bad-argument`: an argument out of its documented range; nothing was sent.
 * - `bad-payload`: the record opened with the password but holds no backup key of this vault.
 * - `vault-changed`: somebody replaced the vault's secret while this call was using the old one; try again.
 * - `rolled-back`: the vault shows an older version than this device has seen.
 * - `bad-state`: stored client state that is not what this device wrote. Never silently dropped.
 * - `state-version`: stored client state of another layout version.
 * - `other-vault`: stored client state of another account or fleet.
 * - `store`: the client store failed.
 * - `unfinished`: an earlier registration waits: `resume` or `abandon` it first.
 * - `no-proof`: a refill without a fresh unlock.
 */
export type ClientErrorCode =
  | 'network'
  | 'unavailable'
  | 'rate-limited'
  | 'unauthorized'
  | 'bad-request'
  | 'unknown-fleet'
  | 'unproven-reply'
  | 'bad-reply'
  | 'ksf-refused'
  | 'bad-password'
  | 'bad-argument'
  | 'bad-payload'
  | 'vault-changed'
  | 'rolled-back'
  | 'bad-state'
  | 'state-version'
  | 'other-vault'
  | 'store'
  | 'unfinished'
  | 'no-proof';

/** Thrown by everything in this package. Holds no secret, no password and no account name. */
export class ClientError extends CodedError<ClientErrorCode> {
  /** For `rate-limited` and `unavailable`: how long the service asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number },
  ) {
    super(code, message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}
