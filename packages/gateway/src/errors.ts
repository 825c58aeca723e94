import { CodedError } from '@coffer/base';

/**
 * - `agent-unavailable`: an agent did not answer in time, or not at all. Thrown by {@link AgentRoutes}.
 * - `bad-token`: no account token, or one that does not verify.
 * - `keys-unavailable`: the identity provider's keys cannot be fetched.
 * - `bad-call`: the body is not a vault call, or the fleet could not open it for this account's vault.
 * - `body-too-large`, `body-too-slow`: the body passed its limit before it was complete.
 * - `unknown-fleet`: a configHash that this gateway does not serve.
 * - `account-limited`, `address-limited`: a rate limit of the gateway.
 * - `no-leader`: no agent served the call in time.
 * - `overloaded`: too many calls are on their way already.
 * - `no-bundle`: bundles are handed out here, but there is none yet, or the log cannot be read now.
 * - `bundle-refused`: a refresh found nothing that can be handed out; the last good bundle stays.
 * - `not-operator`: not the operator's bearer token.
 * - `not-found`: no such path; `bad-method`: no such method on it.
 * - `internal`: our own bug; the cause is logged, never sent.
 * - `bad-config`: options that make no gateway. Thrown when one is made.
 */
export type GatewayErrorCode =
  | 'agent-unavailable'
  | 'bad-token'
  | 'keys-unavailable'
  | 'bad-call'
  | 'body-too-large'
  | 'body-too-slow'
  | 'unknown-fleet'
  | 'account-limited'
  | 'address-limited'
  | 'no-leader'
  | 'overloaded'
  | 'no-bundle'
  | 'bundle-refused'
  | 'not-operator'
  | 'not-found'
  | 'bad-method'
  | 'internal'
  | 'bad-config';

/** Thrown by everything in this package. Never holds a token, an account name or bytes of a request. */
export class GatewayError extends CodedError<GatewayErrorCode> {
  /** When the caller may try again, in milliseconds; for the codes that say so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: GatewayErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number },
  ) {
    super(code, message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}
