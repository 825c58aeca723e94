import { type LeaseState, LedgerError } from '@coffer/ledger';
import type { Sqlite } from '@coffer/sqlite';

/** Takes, renews or looks at the lease, inside one write transaction. */
export function acquireLease(sqlite: Sqlite, group: number, holder: number, ttlMs: number, nowMs: number): LeaseState {
  const current = currentLease(sqlite, group, nowMs);
  if (current !== undefined && current.holder !== holder) return current;
  sqlite.run(
    'UPDATE log_group SET lease_holder = ?, lease_granted_ms = ?, lease_expiry_ms = ? WHERE group_id = ?',
    holder,
    nowMs,
    nowMs + ttlMs,
    group,
  );
  return { holder, expiresInMs: ttlMs };
}

export function releaseLease(sqlite: Sqlite, group: number, holder: number): void {
  sqlite.run(
    'UPDATE log_group SET lease_holder = NULL, lease_granted_ms = NULL, lease_expiry_ms = NULL WHERE group_id = ? AND lease_holder = ?',
    group,
    holder,
  );
}

function currentLease(sqlite: Sqlite, group: number, nowMs: number): LeaseState | undefined {
  const row = sqlite.get(
    'SELECT lease_holder, lease_granted_ms, lease_expiry_ms FROM log_group WHERE group_id = ?',
    group,
  );
  if (row === undefined) throw new LedgerError('corrupt', 'a group is missing');
  if (row.lease_holder === null) return undefined;
  const expiresInMs = Number(row.lease_expiry_ms) - nowMs;
  // Granted in the future: the clock was set back since. Without this a dead leader would keep the lease for as long.
  if (expiresInMs <= 0 || Number(row.lease_granted_ms) > nowMs) return undefined;
  return { holder: Number(row.lease_holder), expiresInMs };
}
