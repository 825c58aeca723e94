import { CodedError } from '@coffer/base';

/**
 * Why a request got no answer of its own. Each is also the `error` of the HTTP answer.
 *
 * - `bad-request` not JSON of the documented form · `bad-artifact` · `bad-trust-root` bytes that are not one.
 * - `body-too-large`, `body-too-slow`: the body passed its limit before it was complete.
 * - `not-found` nothing there, or not yet public · `bad-method` · `unknown-namespace` · `namespace-disabled`.
 * - `bad-operator-signature` no operator of the trust root signed this · `key-revoked` one did that was revoked before.
 * - `wrong-namespace` the artifact is of another one · `epoch-not-next` · `epoch-signed` another artifact was signed for
 *   this epoch · `wrong-previous` it does not name the artifact before · `digest-reused` the digest was signed already,
 *   in a history that this log does not have · `fleet-returned` a retired fleet would be in use again.
 * - `evidence-mismatch` a file that does not have the digest it came under · `evidence-missing` a file that is not there ·
 *   `evidence-failed` an item that does not hold.
 * - `not-signed` no artifact was signed for this epoch · `already-logged` under another counter-signature ·
 *   `trust-root-version` not the root in force · `not-after` passed, or too far away.
 * - `version-not-next`, `other-log`, `below-threshold`, `revocation-undone`: rules between one trust root and the next.
 * - `no-signing-key` no key of this auditor, or of its log, is in force · `no-witness-quorum` too few witnesses answered;
 *   the epoch is logged and is published as soon as they do · `log-unconfirmed` no quorum of witnesses has confirmed since
 *   the start that this log is the newest · `busy` too many requests wait.
 * - `halted` a write failed: nothing more is signed until the process has started again · `internal` our own bug.
 */
export type RefusalCode =
  | 'bad-request'
  | 'bad-artifact'
  | 'bad-trust-root'
  | 'body-too-large'
  | 'body-too-slow'
  | 'not-found'
  | 'bad-method'
  | 'unknown-namespace'
  | 'namespace-disabled'
  | 'bad-operator-signature'
  | 'key-revoked'
  | 'wrong-namespace'
  | 'epoch-not-next'
  | 'epoch-signed'
  | 'wrong-previous'
  | 'digest-reused'
  | 'fleet-returned'
  | 'evidence-mismatch'
  | 'evidence-missing'
  | 'evidence-failed'
  | 'not-signed'
  | 'already-logged'
  | 'trust-root-version'
  | 'not-after'
  | 'version-not-next'
  | 'other-log'
  | 'below-threshold'
  | 'revocation-undone'
  | 'no-signing-key'
  | 'no-witness-quorum'
  | 'log-unconfirmed'
  | 'busy'
  | 'halted'
  | 'internal';

/**
 * Why an auditor does not start: `log-truncated` leaves are gone that a checkpoint counts · `log-forked` the leaves have
 * another root than a checkpoint that was signed · `log-damaged` a file that does not fit the others · `bad-config`.
 */
export type StartCode = 'log-truncated' | 'log-forked' | 'log-damaged' | 'bad-config';

/**
 * What the client finds: `unreachable` no answer, or not in time · `bad-answer` one that is not documented, or does not
 * verify. Refusals of the auditor keep their own code.
 */
export type ClientCode = 'unreachable' | 'bad-answer';

export type AuditorErrorCode = RefusalCode | StartCode | ClientCode;

/** Thrown by everything in this package. Never holds a key or bytes of a request. */
export class AuditorError extends CodedError<AuditorErrorCode> {}
