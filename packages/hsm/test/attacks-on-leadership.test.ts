import { equalBytes } from '@coffer/base';
import { entriesInFlightMax } from '@coffer/hsm';
import { entryHash, type SignedEntry, type Term } from '@coffer/protocol';
import { type Attack, type Ground, testAttacks } from './attack.js';
import { VaultUser } from './vault-user.js';

/** What a leader executes, and when it is one (consensus rule 4); what becomes of replies that it has not released. */

const agreement = 'hsm/dist/agreement.js';
const groupFile = 'hsm/dist/group.js';
const kept = 'hsm/dist/kept-replies.js';

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
  {
    name: 'a longer branch of an older term',
    rule: 'the base is the greatest (capTerm, index), the term first (consensus rule 2)',
    run(ground) {
      const { bench, execute } = led(ground);
      const back = bench.snapshot();
      bench.capture(1, [execute(), execute()]);
      back();
      bench.lead(2, [2, 3]);
      const certified = execute();
      bench.commit(certified, [2, 3]);
      const t = { round: 9n, leaderId: 3 };
      const promises = [3, 1].map((id) => bench.promise(id, t));
      // The host brings whichever entry the promises name.
      const lost = bench.ask(1, 'inspected', { type: 'inspect', group: 0 }).index;
      const { view } = bench.ask(3, 'new-view', { type: 'new-view', group: 0, t, promises, base: certified });
      return lost === 2n && view.statement.base.index !== 1n;
    },
    without: [
      {
        file: agreement,
        find: 'comparePositions(promise, greatest);',
        replace: 'Number(promise.index - greatest.index);',
      },
      { file: groupFile, find: "return refuse('bad-base', 'not the base entry');", replace: 'return emptyRoot;' },
    ],
  },
  {
    name: 'replies above the base of a new term',
    rule: 'replies above a new base are dropped (consensus rule 10)',
    run(ground) {
      const { bench, execute } = led(ground);
      const first = execute();
      for (const id of [1, 2, 3]) bench.capture(id, [first]);
      const back = bench.snapshot();
      const lost = execute();
      back();
      bench.lead(1);
      const { released } = bench.commit(execute());
      return released.some(({ hash }) => equalBytes(hash, entryHash(lost.entry)));
    },
    without: [
      { file: kept, find: 'this.#entries.filter((e) => e.index <= position.index);', replace: 'this.#entries;' },
    ],
  },
  {
    name: 'a reply above the certified entry',
    rule: 'releases up to the certified entry, and none above (consensus rule 6)',
    run(ground) {
      const { bench, execute } = led(ground);
      const first = execute();
      const second = execute();
      const { released } = bench.commit(first);
      return released.some(({ hash }) => equalBytes(hash, entryHash(second.entry)));
    },
    without: [
      {
        file: kept,
        find: 'const released = this.#entries.filter((e) => e.index <= found.index);',
        replace: 'const released = this.#entries;',
      },
    ],
  },
];

testAttacks(attacks);
