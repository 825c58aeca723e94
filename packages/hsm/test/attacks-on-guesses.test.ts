import { equalBytes } from '@coffer/base';
import { type Attack, type Ground, testAttacks } from './attack.js';
import type { Bench } from './bench.js';
import { holds, VaultUser } from './vault-user.js';

/** A led fleet with one registered account. */
async function registered(ground: Ground, budgetMax = 3): Promise<{ bench: Bench; ann: VaultUser }> {
  const bench = ground.bench();
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax });
  return { bench, ann };
}

const recover = 'hsm/dist/vault/recover.js';

const attacks: Attack[] = [
  {
    name: 'guessing without end',
    rule: 'charge before evaluate (safety rule 1)',
    async run(ground) {
      const { ann } = await registered(ground, 2);
      for (let i = 0; i < 5; i++) if ((await ann.guess(`wrong ${i}`)).type !== 'wrong-secret') return false;
      return holds((await ann.unlock('right')).payload, 'right');
    },
    without: [
      {
        file: recover,
        find: 'return { record: charged, reply: evaluate(context, charged,',
        replace: 'return { record, reply: evaluate(context, record,',
      },
    ],
  },
  {
    name: 'budget at 0',
    rule: 'no evaluation once the budget is spent',
    async run(ground) {
      const { ann } = await registered(ground, 1);
      await ann.guess('wrong');
      return (await ann.guess('right')).type === 'recovered';
    },
    without: [
      {
        file: 'hsm/dist/record.js',
        find: 'record.live.budgetMax - record.openAttempts.length',
        replace: 'Math.max(1, record.live.budgetMax - record.openAttempts.length)',
      },
    ],
  },
  {
    name: 'a budget above the limit',
    rule: 'the fleet limits what a registration may ask for',
    async run(ground) {
      const bench = ground.bench({ budgetLimit: 3 });
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      const { started, finish } = await ann.begin('p', { budgetMax: 4 });
      return ann.ask(finish, started).type === 'register.finished';
    },
    without: [
      { file: 'hsm/dist/vault/register.js', find: 'budgetMax > context.vault.fleet.budgetLimit', replace: 'false' },
    ],
  },
  {
    name: 'guesses between honest logins',
    rule: 'refund, not reset (safety rule 3)',
    async run(ground) {
      const { ann } = await registered(ground, 3);
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      return (await ann.unlock('right')).budget === 3;
    },
    without: [
      {
        file: recover,
        find: 'record.openAttempts.filter((open) => !equalBytes(open, ticket.attemptId))',
        replace: '[]',
      },
    ],
  },
  {
    name: 'two refunds for one unlock',
    rule: 'a finish that is executed again refunds nothing (safety rule 3)',
    async run(ground) {
      const { ann } = await registered(ground, 3);
      await ann.guess('wrong');
      const { state, request } = ann.ke1('right');
      const started = ann.expect('recover.started', request);
      const ke3 = (await ann.ke3('right', state, started.ke2)) as Uint8Array;
      const finish = ann.seal({ type: 'recover.finish', ke3 }, started);
      ann.deliver(finish);
      ann.deliver(finish);
      return ann.status().budget === 3;
    },
    without: [
      {
        file: recover,
        find: 'record.openAttempts.filter((open) => !equalBytes(open, ticket.attemptId))',
        replace: 'record.openAttempts.slice(1)',
      },
    ],
  },
  {
    name: 'another KE1 under an open attempt',
    rule: 'only the same KE1 is free (safety rule 6)',
    async run(ground) {
      const { ann } = await registered(ground, 2);
      const replies = [0, 1, 2, 3].map((i) => ann.ask(ann.ke1(`wrong ${i}`).request));
      return replies.filter((reply) => reply.type === 'recover.started').length > 2;
    },
    without: [{ file: recover, find: 'equalBytes(open, attemptId))', replace: 'open !== attemptId)' }],
  },
  {
    name: 'lost reply charged twice',
    rule: 'the same KE1 is free while its attempt is open (safety rule 6)',
    async run(ground) {
      const { ann, bench } = await registered(ground, 3);
      const { request } = ann.ke1('right');
      ann.ask(request);
      bench.lead(2);
      ann.ask(request);
      return ann.status().failures === 2;
    },
    without: [{ file: recover, find: 'equalBytes(open, attemptId))', replace: 'open === attemptId)' }],
  },
  {
    name: 'attemptId collision',
    rule: 'attempt ids are 32 bytes',
    async run(ground) {
      const { ann } = await registered(ground, 2);
      const first = ann.ke1('wrong');
      ann.ask(first.request);
      const { attemptIdOf } = ground.modules.protocol;
      const taken = attemptIdOf(ann.vaultId, 1, first.request.ke1);
      for (let i = 0; i < 1500; i++) {
        const other = ann.ke1('right');
        if (!equalBytes(attemptIdOf(ann.vaultId, 1, other.request.ke1), taken)) continue;
        ann.ask(other.request);
        return ann.status().failures === 1;
      }
      return false;
    },
    without: [
      {
        file: 'protocol/dist/opaque-binding.js',
        find: 'u32be(version), ke1)',
        replace: 'u32be(version), ke1).fill(0, 1)',
      },
    ],
  },
  {
    name: '1,000 KE1s for one vault in one batch',
    rule: 'one request per record in a batch (safety rule 2)',
    async run(ground) {
      const { ann, bench } = await registered(ground, 3);
      // A batch holds 256; four of them would make the thousand.
      const items = Array.from({ length: 256 }, (_, i) =>
        bench.item(ann.vaultId, ann.seal(ann.ke1(`pin ${i}`).request).sealed),
      );
      const { entry, places } = bench.execute(items);
      return entry !== undefined && places.filter((place) => place !== undefined).length > 3;
    },
    without: [{ file: 'hsm/dist/batch.js', find: 'if (seen.has(name))', replace: 'if (false)' }],
  },
  {
    name: 'a host chooses the state of a record',
    rule: 'every leaf is proven against the root',
    async run(ground) {
      const { ann, bench } = await registered(ground, 1);
      const before = bench.item(ann.vaultId, new Uint8Array()).leaf;
      await ann.guess('wrong');
      const { sealed } = ann.seal(ann.ke1('right').request);
      // The spent record, swapped for the one from before the guess.
      const { entry } = bench.execute([{ vaultId: ann.vaultId, request: sealed, leaf: before }]);
      return entry !== undefined;
    },
    without: [{ file: 'hsm/dist/batch.js', find: 'if (!equalBytes(sha256(leaf), proven))', replace: 'if (false)' }],
  },
  {
    name: 'an old proof',
    rule: 'the proof is against the root that the last entry left',
    async run(ground) {
      const { ann, bench } = await registered(ground, 1);
      const request = (password: string) => ann.seal(ann.ke1(password).request).sealed;
      const old = bench.item(ann.vaultId, request('right'));
      const proof = bench.proof(0, [old]);
      await ann.guess('wrong');
      return bench.execute([old], { proof }).entry !== undefined;
    },
    without: [
      { file: 'tree/dist/partial-tree.js', find: 'if (!equalBytes(tree.root(), root))', replace: 'if (false)' },
    ],
  },
];

testAttacks(attacks);
