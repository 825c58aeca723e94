import { CodedError } from '@coffer/base';

/**
 * `hsm-unavailable` the HSM's process cannot be reached or has halted · `peer-unavailable` another agent did not answer in
 * time · `ledger-unavailable` the ledger did not either · `bad-message` bytes that are not a message of this protocol, or of
 * another fleet or group · `refused` a peer or our HSM would not do it · `missing-data` entries or a snapshot that nobody
 * reachable holds · `stopped` this agent was stopped · `bad-options` an agent that cannot be started like this.
 */
export type AgentErrorCode =
  | 'hsm-unavailable'
  | 'peer-unavailable'
  | 'ledger-unavailable'
  | 'bad-message'
  | 'refused'
  | 'missing-data'
  | 'stopped'
  | 'bad-options';

/** What an agent throws. Liveness only: whatever it says, nothing that an HSM signed has become less true. */
export class AgentError extends CodedError<AgentErrorCode> {}
