import { CodedError } from '@coffer/base';
import type { FleetDescriptor } from '@coffer/protocol';
import { ReplicaError } from '@coffer/replica';
import type { Alarms } from './alarms.js';
import { within } from './concurrency.js';
import type { HsmClient } from './hsm-client.js';
import type { PeerClient } from './peer-client.js';
import type { AgentPorts } from './ports.js';
import type { AgentTuning } from './tuning.js';

/** What all parts of one agent share. */
export interface AgentContext {
  readonly fleet: FleetDescriptor;
  readonly memberId: number;
  readonly ports: AgentPorts;
  readonly tuning: AgentTuning;
  readonly hsm: HsmClient;
  readonly peers: PeerClient;
  readonly alarms: Alarms;
}

/** A call to the ledger with a time limit: a ledger that hangs must not hang the group. */
export function toLedger<T>({ ports, tuning }: AgentContext, work: Promise<T>): Promise<T> {
  return within(ports.timers, tuning.ledgerTimeoutMs, work, 'ledger-unavailable', 'ledger');
}

/** Reports a failure that the agent lives with. */
export function logError(
  { ports, alarms }: AgentContext,
  group: number | undefined,
  during: string,
  cause: unknown,
): void {
  // The remedy is a person's: take the file away, and the site copies everything anew. So nothing counts that somebody
  // else can bring about: `forked` is said of entries that were offered, by a deposed leader or an old ledger.
  if (cause instanceof ReplicaError && (cause.code === 'corrupt' || cause.code === 'certificates-differ')) {
    alarms.raise(group ?? 0, 'replica-damaged', undefined, `the replica is damaged: ${cause.code}`);
  }
  ports.log({ type: 'error', group, during, code: codeOf(cause) });
}

/** A label for any failure. */
export function codeOf(cause: unknown): string {
  return cause instanceof CodedError ? String(cause.code) : cause instanceof Error ? cause.name : 'unknown';
}
