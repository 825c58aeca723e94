import { AgentError } from '@coffer/agent';
import { type ExitCode, exitCodes } from '@coffer/host';
import { LedgerError } from '@coffer/ledger';
import { ReplicaError } from '@coffer/replica';
import { SqliteError } from '@coffer/sqlite';

/**
 * What an agent that cannot start says about it: `usage` where only a person can help, be it with the configuration or by
 * taking a damaged file away; `unavailable` where the next try may go better; undefined for everything else.
 */
export function startExitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof AgentError) return error.code === 'bad-options' ? exitCodes.usage : undefined;
  // Failures of the ledger's file arrive as LedgerError, those of the replica's as SqliteError.
  if (error instanceof LedgerError) return ledgerCodes[error.code];
  if (error instanceof ReplicaError) return replicaCodes[error.code];
  if (error instanceof SqliteError) return sqliteCodes[error.code];
  return undefined;
}

const { usage, unavailable } = exitCodes;
type Codes<Code extends string> = Readonly<Partial<Record<Code, ExitCode>>>;

/** Another fleet's file and a damaged one are the same to a supervisor: with that file it never starts. */
const ledgerCodes: Codes<LedgerError['code']> = { unavailable, 'other-fleet': usage, corrupt: usage };
const replicaCodes: Codes<ReplicaError['code']> = { 'other-fleet': usage, 'unknown-schema': usage, corrupt: usage };
const sqliteCodes: Codes<SqliteError['code']> = {
  busy: unavailable,
  full: unavailable,
  io: unavailable,
  'cannot-open': unavailable,
  corrupt: usage,
};
