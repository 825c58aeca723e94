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
 * - `old-trust`: no checkpoint was verified for seven days; nothing was sent. See `acceptOldTrust` for an unlock.
 * - `no-fleet`: no fleet is known, or none that takes new registrations.
 * - `fleet-revoked`: the fleet that holds the vault must not be used any more; nothing is sent to it.
 * - `bundle-refused`: a validation bundle that does not hold; `cause` says which check. What was known stays.
 * - `log-fraud`: the log signed two histories. `fraudProof` is the file that shows it to anyone; nothing more was sent.
 *   Where the key had been recovered before, it is returned, with the proof among the warnings.
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
  | 'no-proof'
  | 'old-trust'
  | 'no-fleet'
  | 'fleet-revoked'
  | 'bundle-refused'
  | 'log-fraud';

/** Thrown by everything in this package. Holds no secret, no password and no account name. */
export class ClientError extends CodedError<ClientErrorCode> {
  /** For `rate-limited` and `unavailable`: how long the service asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** For `log-fraud`: a file for `verifyFraudProof` of @coffer/transparency. Keep it, and show it to others. */
  readonly fraudProof: Uint8Array | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number; readonly fraudProof?: Uint8Array },
  ) {
    super(code, message, options);
    this.retryAfterMs = options?.retryAfterMs;
    this.fraudProof = options?.fraudProof;
  }
}
