import { equalBytes } from '@coffer/base';
import type { VaultStatus } from '@coffer/protocol';
import type { Warning } from './outcomes.js';
import type { ClientState } from './state.js';

/** What a person should know about this status, on a device with this state. */
export function warningsOf(state: ClientState, status: VaultStatus): Warning[] {
  const { registration, owedErasure } = state;
  const warnings: Warning[] = [...historyWarnings(state, status.version, status.resets)];
  const foreignFailures = status.failures - (state.failuresVersion === status.version ? state.ownFailures.length : 0);
  // The guess under way was charged and is neither a failure yet nor foreign.
  const own = state.attempt?.version === status.version && status.failures > state.attempt.failuresBefore ? 1 : 0;
  if (foreignFailures > own) warnings.push({ type: 'foreign-failures', count: foreignFailures - own });
  if (
    status.pending !== undefined &&
    !(registration !== undefined && equalBytes(status.pending, registration.ticketId))
  ) {
    warnings.push({ type: 'foreign-pending' });
  }
  if (registration !== undefined) warnings.push({ type: 'unfinished-registration' });
  if (owedErasure !== undefined) warnings.push({ type: 'owed-erasure' });
  if (status.state === 'live' && status.budget === 1) warnings.push({ type: 'last-guess' });
  return warnings;
}

function historyWarnings({ knownVersion, knownResets }: ClientState, version: number, resets: number): Warning[] {
  const warnings: Warning[] = [];
  if (version !== knownVersion) warnings.push({ type: 'unknown-version', version, knownVersion });
  if (resets > knownResets) warnings.push({ type: 'foreign-resets', count: resets - knownResets });
  return warnings;
}
