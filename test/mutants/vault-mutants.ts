import type { CoreKillers } from './core-mutants.js';
import { byTest } from './killers.js';
import type { Mutant } from './mutant.js';

const recover = 'hsm/dist/vault/recover.js';
const keep = 'hsm/dist/vault/keep.js';

/** Mutants of what an HSM does with a vault. */
export function vaultMutants({ named, hostile }: CoreKillers): Mutant[] {
  return [
    {
      name: 'charges, but answers with the record as it was',
      rule: 'the charge is in the entry of the evaluation',
      keeps: ['protocol 1'],
      patches: [
        {
          file: recover,
          find: 'return { record: charged, reply:',
          replace: 'return { record, reply:',
        },
      ],
      killers: [named('guessing without end'), hostile],
    },
    {
      name: 'one guess more than the budget',
      rule: 'at 0 the next KE1 destroys',
      keeps: ['protocol 8', 'protocol 1'],
      patches: [{ file: recover, find: 'if (budgetOf(record) === 0)', replace: 'if (budgetOf(record) < 0)' }],
      killers: [
        byTest(
          'packages/hsm/test/operations.test.ts',
          'the guess after the last one destroys, for the right password too',
        ),
        hostile,
      ],
    },
    {
      name: 'a destruction that leaves the version',
      rule: 'version + 1 at destroy',
      keeps: ['protocol §8', 'protocol 4'],
      patches: [
        { file: recover, find: 'const version = record.version + 1;', replace: 'const version = record.version;' },
      ],
      killers: [
        hostile,
        byTest(
          'packages/hsm/test/operations.test.ts',
          'the guess after the last one destroys, for the right password too',
        ),
      ],
    },
    {
      name: 'a budget refunded twice',
      rule: 'a finish executed again refunds nothing',
      keeps: ['protocol 3'],
      patches: [
        {
          file: recover,
          find: 'const openAttempts = record.openAttempts.filter((open) => !equalBytes(open, ticket.attemptId));',
          replace:
            'const mine = record.openAttempts.filter((open) => !equalBytes(open, ticket.attemptId)); const openAttempts = mine.length < record.openAttempts.length ? mine : record.openAttempts.slice(1);',
        },
      ],
      killers: [named('two refunds for one unlock'), hostile],
    },
    {
      name: 'a seq that stands still',
      rule: 'seq + 1 whenever a field changes',
      keeps: ['protocol §8', 'protocol 7'],
      patches: [{ file: 'hsm/dist/vault/step.js', find: 'seq: record.seq + 1n', replace: 'seq: record.seq' }],
      killers: [named('replayed refill'), named('delayed refill')],
    },
    {
      name: 'a version that stands still at confirm',
      rule: 'version + 1 at confirm',
      keeps: ['protocol §8', 'protocol 7'],
      patches: [
        {
          file: 'hsm/dist/vault/register.js',
          find: 'version: record.version + 1,',
          replace: 'version: record.version,',
        },
      ],
      killers: [hostile, named("old password's KE1, ticket and KE3 replayed after rotation")],
    },
    {
      name: 'an erasure that leaves the secrets',
      rule: 'erase overwrites live and pending',
      keeps: ['protocol 4', 'protocol §8'],
      patches: [
        {
          file: keep,
          find: "state: 'erased', live: undefined,",
          replace: 'state: record.state, live: record.live,',
        },
      ],
      killers: [
        byTest(
          'packages/hsm/test/operations.test.ts',
          'erase leaves a tombstone that keeps the version, and a new registration goes on from there',
        ),
        hostile,
      ],
    },
    {
      name: 'a refill without the proof of a password',
      rule: 'refill needs an authTicket of now',
      keeps: ['protocol 7'],
      patches: [
        { file: keep, find: 'if (openAuthTicket(context, record, authTicket) === undefined)', replace: 'if (false)' },
      ],
      killers: [named('replayed refill'), hostile],
    },
    {
      name: 'a confirm that any secret confirms',
      rule: 'confirm needs the secret whose hash came with the registration',
      keeps: ['protocol 7'],
      patches: [
        {
          file: 'hsm/dist/vault/register.js',
          find: 'version === record.version && equalBytes(hash, pending.credential.confirmHash)',
          replace: 'version === record.version',
        },
      ],
      killers: [named('a confirm by somebody else')],
    },
  ];
}
