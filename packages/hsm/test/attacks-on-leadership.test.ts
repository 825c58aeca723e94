import { entriesInFlightMax } from '@coffer/hsm';
import type { SignedEntry, Term } from '@coffer/protocol';
import { type Attack, type Ground, testAttacks } from './attack.js';
import { VaultUser } from './vault-user.js';

/** Consensus rule 4: what a leader executes, and when it is one. */

const groupFile = 'hsm/dist/group.js';

function led(ground: Ground) {
  const bench = ground.bench();
  const ann = new VaultUser(bench, 'ann');
  bench.lead(1);
  /** A batch of one status request, which the host stores. */
  function execute(term: Term = bench.term): SignedEntry {
    const items = [bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)];
    const { entry, leaves } = bench.execute(items, { term });
    if (entry === undefined) throw new Error('nothing executed');
    bench.apply(0, entry, leaves);
    return entry;
  }
  return { bench, execute };
}

const attacks: Attack[] = [
  {
    name: 'a leader that goes on after its promise to somebody else',
    rule: 'executes only while its term is the highest it promised (consensus rule 4)',
    run(ground) {
      const { bench, execute } = led(ground);
      bench.promise(1, { round: 9n, leaderId: 2 });
      return execute().entry.index === 1n;
    },
    without: [{ file: groupFile, find: '&& compareTerms(term, promised) === 0', replace: '' }],
  },
  {
    name: 'an entry in a term that its leader does not lead',
    rule: 'executes only in the term that it opened (consensus rule 4)',
    run(ground) {
      const { execute } = led(ground);
      return execute({ round: 99n, leaderId: 1 }).entry.term.round === 99n;
    },
    without: [{ file: groupFile, find: 'if (compareTerms(term, leadership.term) !== 0)', replace: 'if (false)' }],
  },
  {
    name: 'a memory full of replies',
    rule: 'at most 15 entries wait for their certificate (consensus rule 4)',
    run(ground) {
      const { execute } = led(ground);
      for (let i = 0; i <= entriesInFlightMax; i++) execute();
      return true;
    },
    without: [{ file: groupFile, find: 'if (this.#kept.size >= entriesInFlightMax)', replace: 'if (false)' }],
  },
];

testAttacks(attacks);
