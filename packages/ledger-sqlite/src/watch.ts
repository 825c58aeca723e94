import type { Timers } from '@coffer/base';
import { compareTerms, isSamePosition } from '@coffer/ledger';
import type { GroupState } from './log.js';

/** How often a watch looks at the file. */
export const watchMs = 100;

/**
 * SQLite tells no other process about a commit, so this looks at the group's row from time to time. A look that fails
 * is left out: watching is a hint, and whoever calls the ledger next gets the error.
 */
export function watchGroup(timers: Timers, look: () => GroupState, onChange: () => void): () => void {
  let seen = attempt(look);
  let cancel = timers.after(watchMs, tick);
  let isStopped = false;

  function tick(): void {
    cancel = timers.after(watchMs, tick);
    const now = attempt(look);
    if (now === undefined || (seen !== undefined && isSameState(seen, now))) return;
    seen = now;
    onChange();
  }

  return () => {
    if (isStopped) return;
    isStopped = true;
    cancel();
  };
}

function isSameState(a: GroupState, b: GroupState): boolean {
  return compareTerms(a.term, b.term) === 0 && isSamePosition(a.tail, b.tail);
}

function attempt(look: () => GroupState): GroupState | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
