import { leaseMsMax } from '@coffer/ledger';
import { batchRequestsMax } from '@coffer/protocol';
import { AgentError } from './errors.js';

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
  /** How long the ledger may take for one call. */
  readonly ledgerTimeoutMs: number;
  /** How long the HSM may take for one call; a full batch takes about a second. */
  readonly hsmTimeoutMs: number;
  /** How long an entry may wait for its quorum before its leader gives up. */
  readonly quorumTimeoutMs: number;
  /** What `unavailable` tells clients. */
  readonly retryAfterMs: number;
  /**
   * Entries that ledger and replica keep below the newest certificate. The replica's `undoEntriesMax` should be at least
   * this and `entriesInFlightMax` more, so that a site which was away can follow the log instead of copying everything.
   */
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
  ledgerTimeoutMs: 1_500,
  hsmTimeoutMs: 10_000,
  quorumTimeoutMs: 2_000,
  retryAfterMs: 500,
  windowEntries: 256,
};

/** Batches in flight at most; the HSM keeps the replies of `entriesInFlightMax` entries. */
export const pipelineDepthMax = 8;

/** @returns `tuning`. @throws AgentError `bad-options` when a number is out of range. */
export function checkTuning(tuning: AgentTuning): AgentTuning {
  const ranges: { readonly [K in keyof AgentTuning]: readonly [min: number, max: number] } = {
    leaseMs: [30, leaseMsMax],
    leaseStaggerMs: [0, leaseMsMax],
    gatherMs: [0, 1_000],
    batchRequests: [1, batchRequestsMax],
    queueCallsMax: [1, 1_048_576],
    pipelineDepth: [1, pipelineDepthMax],
    peerTimeoutMs: [1, leaseMsMax],
    ledgerTimeoutMs: [1, leaseMsMax],
    hsmTimeoutMs: [1, leaseMsMax],
    quorumTimeoutMs: [1, leaseMsMax],
    retryAfterMs: [0, leaseMsMax],
    windowEntries: [1, 1_048_576],
  };
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = tuning[name as keyof AgentTuning];
    if (!Number.isInteger(value) || value < min || value > max)
      throw new AgentError('bad-options', `${name} out of range`);
  }
  return tuning;
}
