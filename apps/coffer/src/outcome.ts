import { AuditorError, type AuditorErrorCode } from '@coffer/auditor';
import { BackupError, type BackupErrorCode } from '@coffer/backup';
import type { CodedError } from '@coffer/base';
import { CeremonyError, type CeremonyErrorCode } from '@coffer/ceremony';
import { ClientError, type ClientErrorCode } from '@coffer/client';
import { type ExitCode, exitCodes, HostError, systemCode } from '@coffer/host';
import { OperatorError, type OperatorErrorCode } from '@coffer/operator';
import { ProtocolError } from '@coffer/protocol';
import { CliError } from './cli-error.js';

/** What a failed command says and returns. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** Stable word. */
  readonly reason: string;
  readonly message: string;
}

const { refused, usage, unavailable, stateRefused, internal } = exitCodes;

/** Every code has its exit code; a new one does not compile until somebody has decided. */
const clientExits: Readonly<Record<ClientErrorCode, ExitCode>> = {
  network: unavailable,
  unavailable: unavailable,
  'rate-limited': unavailable,
  unauthorized: refused,
  'bad-request': refused,
  'unknown-fleet': refused,
  'unproven-reply': refused,
  'bad-reply': refused,
  'ksf-refused': refused,
  'bad-password': usage,
  'bad-argument': usage,
  'bad-payload': refused,
  'rolled-back': refused,
  'vault-changed': unavailable,
  'bad-state': unavailable,
  'state-version': unavailable,
  'other-vault': unavailable,
  store: unavailable,
  unfinished: refused,
  'no-proof': refused,
  'old-trust': refused,
  'no-fleet': unavailable,
  'fleet-revoked': refused,
  'bundle-refused': refused,
  'log-fraud': refused,
};

const ceremonyExits: Readonly<Record<CeremonyErrorCode, ExitCode>> = {
  'bad-plan': usage,
  'hsm-unavailable': unavailable,
  'hsm-refused': refused,
  'bad-answer': refused,
  'not-led': unavailable,
  'guess-limit': refused,
};

const backupExits: Readonly<Record<BackupErrorCode, ExitCode>> = {
  'no-backup': unavailable,
  'wrong-key': refused,
  'older-than-expected': refused,
  'missing-object': refused,
  truncated: refused,
  reordered: refused,
  swapped: refused,
  damaged: refused,
  'unsupported-version': refused,
  'bad-manifest': refused,
  'unsafe-path': refused,
  'unreadable-source': usage,
  'changed-while-reading': unavailable,
  'unsupported-name': usage,
  'over-limit': usage,
  'generation-not-newer': refused,
  'target-conflict': usage,
  'write-failed': unavailable,
  aborted: usage,
  'no-such-file': usage,
  'bad-object-name': internal,
  'no-keyring': unavailable,
  'bad-keyring': refused,
  'wrap-exists': internal,
  'no-such-wrap': refused,
  'unwrap-failed': refused,
  'recovery-key-malformed': usage,
  'recovery-key-typo': usage,
  'recovery-key-wrong': refused,
  'bad-argument': usage,
};

const operatorExits: Readonly<Record<OperatorErrorCode, ExitCode>> = {
  'nothing-changes': refused,
  'unknown-fleet': usage,
  'fleet-listed': usage,
  'fleet-revoked': usage,
  'no-fleet': usage,
  'log-doubted': refused,
  'log-empty': usage,
  'log-begun': usage,
  'not-published': unavailable,
  'not-a-root-key': usage,
  'bad-plan': usage,
  gateway: unavailable,
};

/** Refusals of an auditor after which the same command may succeed later; all others are final. */
const auditorLater: ReadonlySet<AuditorErrorCode> = new Set<AuditorErrorCode>([
  'unreachable',
  'busy',
  'body-too-slow',
  'no-witness-quorum',
  // By an earlier run, and not published yet: it waits for witnesses.
  'already-logged',
  'log-unconfirmed',
  'halted',
  'internal',
  'namespace-disabled',
]);

/** For people, where the client's own words say less than they need. */
const clientMessages: Readonly<Partial<Record<ClientErrorCode, string>>> = {
  network: 'no answer from the fleet: is it up, and the gateway where it should be? The same command may be repeated',
  unavailable: 'the fleet cannot serve this account now. Nothing is lost; the same command may be repeated',
  'log-fraud': 'the public log of fleet keys has signed two histories; nothing was sent after that',
};

/** A file, disk or network call of Node.js that failed; `path` is one that the person named or that lies below it. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return systemCode(error) !== undefined && error instanceof Error && 'syscall' in error;
}

/** The end of a command that threw. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) return { exitCode: cliExit(error), reason: error.reason, message: error.message };
  if (error instanceof ClientError) {
    const message = clientMessages[error.code] ?? error.message;
    return { ...coded(error), message, exitCode: clientExits[error.code] };
  }
  if (error instanceof BackupError) {
    return { ...coded(error), message: `backup: ${error.forPerson()}`, exitCode: backupExits[error.code] };
  }
  if (error instanceof HostError)
    return { ...coded(error), exitCode: error.code === 'bad-config' ? usage : unavailable };
  if (error instanceof CeremonyError) return { ...coded(error), exitCode: ceremonyExits[error.code] };
  if (error instanceof OperatorError) return { ...coded(error), exitCode: operatorExits[error.code] };
  if (error instanceof AuditorError) {
    const message = `${error.message} (${error.code})`;
    return { ...coded(error), message, exitCode: auditorLater.has(error.code) ? unavailable : refused };
  }
  if (error instanceof ProtocolError) return { ...coded(error), exitCode: usage };
  if (isSystemError(error)) {
    const { code, syscall, path } = error;
    const what = path === undefined ? syscall : `${syscall} ${path}`;
    return { exitCode: unavailable, reason: 'file', message: `the system says no: ${what} (${code})` };
  }
  // Whatever this is, it is a bug, and its text may hold anything.
  const name = error instanceof Error ? error.name : 'unknown error';
  return { exitCode: internal, reason: 'internal', message: `a bug: ${name}; COFFER_DEBUG=1 shows where` };
}

function cliExit(error: CliError): ExitCode {
  if (error.code === 'refused') return refused;
  if (error.code === 'state-refused') return stateRefused;
  return error.code === 'unavailable' ? unavailable : usage;
}

function coded(error: CodedError): { reason: string; message: string } {
  return { reason: error.code, message: error.message };
}
