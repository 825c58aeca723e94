import { byTest } from './killers.js';
import type { Mutant } from './mutant.js';

/** Mutants of the duties of a client towards one vault. */
export function clientMutants(): Mutant[] {
  const recovery = 'packages/client/test/recovery.test.ts';
  const erasure = 'packages/client/test/erasure.test.ts';
  return [
    {
      name: 'a client that sends KE1 before its seed is on disk',
      rule: 'a crash is free',
      keeps: ['protocol §14.2'],
      patches: [
        {
          file: 'client/dist/recovery.js',
          find: 'await keeper.update({ attempt }); return attempt;',
          replace: 'return attempt;',
        },
      ],
      killers: [byTest(recovery, 'KE1 state is persisted before recover.start is sent')],
    },
    {
      name: 'a client that begins a registration anew',
      rule: 'a registration that waits is resumed or abandoned',
      keeps: ['protocol §14.5', 'protocol 7'],
      patches: [
        {
          file: 'client/dist/registration.js',
          find: 'if (keeper.state.registration !== undefined)',
          replace: 'if (false)',
        },
      ],
      killers: [
        byTest(
          'packages/client/test/registration.test.ts',
          'a registration that waits is never silently started again',
        ),
      ],
    },
    {
      name: 'a client that forgets that it owes an erasure',
      rule: 'an erasure is owed, on disk, until its receipt is here',
      keeps: ['protocol §14.7'],
      patches: [{ file: 'client/dist/erasure.js', find: 'await session.keeper.update({ owedErasure });', replace: '' }],
      killers: [byTest(erasure, 'the version to erase is on disk before it is sent')],
    },
    {
      name: 'a client that takes any receipt',
      rule: 'a receipt is for the version that was named',
      keeps: ['protocol §14.7'],
      patches: [{ file: 'client/dist/erasure.js', find: '|| reply.version !== owed + 1', replace: '' }],
      killers: [
        byTest(erasure, 'a receipt for another version than the one named is refused, and the erasure stays owed'),
      ],
    },
    {
      name: 'a client that registers under any server key',
      rule: 'another server key is refused',
      keeps: ['protocol §14.10'],
      patches: [
        {
          file: 'client/dist/registration.js',
          find: 'if (!equalBytes(response.subarray(32), vault.fleet.opaqueKey))',
          replace: 'if (false)',
        },
      ],
      killers: [byTest(recovery, 'another server key in the registration response is refused')],
    },
  ];
}
