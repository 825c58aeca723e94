import { budgetOf, type VaultRecord, versionMax } from '../record.js';
import { changed, notLive, openAuthTicket, type RequestOf, type Step, type StepContext, unchanged } from './step.js';

/** Tells what there is and changes nothing, not even `seq`. */
export function stepStatus(record: VaultRecord): Step {
  const { state, version, resets, live, openAttempts, pending } = record;
  return unchanged(record, {
    type: 'status',
    state,
    version,
    budgetMax: live?.budgetMax ?? 0,
    budget: budgetOf(record),
    failures: openAttempts.length,
    resets,
    pending: pending?.ticketId,
  });
}

/** A full budget again, for somebody who has just proven the password; once, because `seq` moves on. */
export function stepRefill(context: StepContext, record: VaultRecord, { authTicket }: RequestOf<'refill'>): Step {
  if (record.live === undefined) return unchanged(record, notLive(record));
  if (openAuthTicket(context, record, authTicket) === undefined) return unchanged(record, { type: 'stale-ticket' });
  const refilled = changed(record, { openAttempts: [] });
  return { record: refilled, reply: { type: 'refilled', budget: budgetOf(refilled) } };
}

/**
 * Overwrites the secrets and leaves a tombstone that keeps version, seq and resets. It names the version that it erases,
 * so that a recorded erase cannot hit a later vault.
 */
export function stepErase(record: VaultRecord, { version }: RequestOf<'erase'>): Step {
  if (version === record.version) {
    if (version >= versionMax) return unchanged(record, { type: 'limit' });
    const next = record.version + 1;
    return {
      record: changed(record, {
        version: next,
        state: 'erased',
        live: undefined,
        pending: undefined,
        openAttempts: [],
      }),
      reply: { type: 'erasure-receipt', version: next },
    };
  }
  // The same receipt again, but only while it is still true: after a new confirm it would be a false one.
  const again = record.state === 'erased' && version + 1 === record.version;
  return unchanged(record, again ? { type: 'erasure-receipt', version: record.version } : { type: 'stale-ticket' });
}
