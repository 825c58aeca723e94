import type { SignedEntry, Term } from '@coffer/protocol';
import { type Attack, testAttacks } from './attack.js';
import { committed } from './bench.js';
import { VaultUser } from './vault-user.js';

const agreement = 'hsm/dist/agreement.js';

const attacks: Attack[] = [
  {
    name: 'a leader that forgot its term leads it again',
    rule: 'a view counts only promises to this very assumption of leadership (consensus rules 1 to 3)',
    async run(ground) {
      const bench = ground.bench({ sites: 5, rollbackTolerance: 1 });
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      await ann.register('right', { budgetMax: 1 });
      const base = bench.entries[0]?.at(-1);
      const back = bench.snapshot();
      const old = bench.member(1).nvram.load() as Uint8Array;
      const t: Term = { round: bench.term.round + 1n, leaderId: 1 };
      const promises = [1, 2, 3, 4, 5].map((id) => bench.promise(id, t));
      const open = () => bench.ask(1, 'new-view', { type: 'new-view', group: 0, t, promises, base });
      // First life: two harmless batches that 5 alone captures.
      bench.ask(5, 'captured', { type: 'adopt', view: open().view });
      const decoys = [1, 2].map((): SignedEntry => {
        const items = [bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)];
        const { entry, leaves } = bench.execute(items, { term: t });
        bench.apply(0, entry as SignedEntry, leaves);
        return entry as SignedEntry;
      });
      bench.capture(5, decoys);
      const decoyed = bench.snapshot();
      // Second life of the same term: a guess that the other four commit, one entry lower.
      back();
      bench.member(1).nvram.persist(old);
      bench.restart(1);
      promises[0] = bench.promise(1, t);
      const { view } = open();
      for (const id of [2, 3, 4]) bench.ask(id, 'captured', { type: 'adopt', view });
      const guess = (voters: readonly number[]): boolean => {
        const sealed = ann.seal(ann.ke1('a guess').request);
        const { entry } = bench.execute([bench.item(ann.vaultId, sealed.sealed)]);
        if (entry === undefined) return false;
        const { certificate, released } = bench.commit(entry, voters);
        return ann.open(sealed, committed(entry, released, certificate, 0)).type === 'recover.started';
      };
      bench.term = t;
      if (!guess([1, 2, 3, 4])) return false;
      // One guess was all there was. The next term starts from the greatest promise, which is the decoy: the committed charge is gone.
      decoyed();
      bench.lead(2, [2, 1, 3, 5]);
      return guess([1, 2, 3, 5]);
    },
    without: [
      {
        file: agreement,
        find: 'if (!promises.every((p) => equalBytes(p.statement.nonce, nonce)))',
        replace: 'if (false)',
      },
      { file: agreement, find: 'if (!equalBytes(promise.nonce, promises[0].statement.nonce))', replace: 'if (false)' },
    ],
  },
];

testAttacks(attacks);
