import type { Ledger } from '@coffer/ledger';
import type { Replica } from '@coffer/replica';
import type { Life } from './life.js';

/** A dead process writes nothing: not even in the promise jobs that were queued when it died. */
export function mortalReplica(replica: Replica, life: Life): Replica {
  return new Proxy(replica, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (!life.alive) throw new Error('the process is dead');
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

/** A dead process hears nothing from its ledger, and asks it nothing. */
export function mortalLedger(ledger: Ledger, life: Life): Ledger {
  return {
    tail: (...args) => life.within(() => ledger.tail(...args)),
    raiseTerm: (...args) => life.within(() => ledger.raiseTerm(...args)),
    append: (...args) => life.within(() => ledger.append(...args)),
    read: (...args) => life.within(() => ledger.read(...args)),
    watch: (group, onChange) =>
      ledger.watch(group, () => {
        if (life.alive) onChange();
      }),
    truncateAfter: (...args) => life.within(() => ledger.truncateAfter(...args)),
    restore: (...args) => life.within(() => ledger.restore(...args)),
    trim: (...args) => life.within(() => ledger.trim(...args)),
    lease: {
      acquire: (...args) => life.within(() => ledger.lease.acquire(...args)),
      release: (...args) => life.within(() => ledger.lease.release(...args)),
    },
    close: () => ledger.close(),
  };
}
