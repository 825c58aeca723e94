import { batchRequestsMax } from '@coffer/protocol';

/** Times and sizes that an operator may choose. None of them matters for safety. */
export interface AgentTuning {
  /** Leader lease in the ledger; renewed at a third of it. A dead leader is replaced within two of these. */
  readonly leaseMs: number;
  /** How much later each less preferred site tries to take an expired lease than the one before it. */
  readonly leaseStaggerMs: number;
  /** How long the leader gathers calls before it builds a batch while nothing is in flight. 0: at once. */
  readonly gatherMs: number;
  /** Requests in one batch, 1 to `batchRequestsMax`. */
  readonly batchRequests: number;
  /** Calls that wait for a batch, per group; one more is answered `unavailable`. */
  readonly queueCallsMax: number;
  /** Batches executed and not yet released, 1 to 8. */
  readonly pipelineDepth: number;
  /** How long another agent may take for one message. */
  readonly peerTimeoutMs: number;
  /** How long an entry may wait for its quorum before its leader gives up. */
  readonly quorumTimeoutMs: number;
  /** What `unavailable` tells clients. */
  readonly retryAfterMs: number;
  /** Entries that ledger and replica keep below the newest certificate. */
  readonly windowEntries: number;
}

export const defaultTuning: AgentTuning = {
  leaseMs: 3_000,
  leaseStaggerMs: 200,
  gatherMs: 0,
  batchRequests: batchRequestsMax,
  queueCallsMax: 1_024,
  pipelineDepth: 4,
  peerTimeoutMs: 1_000,
  quorumTimeoutMs: 2_000,
  retryAfterMs: 500,
  windowEntries: 1_024,
};
