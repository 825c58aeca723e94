import { cutMutants } from './cut.js';
import { byTest } from './killers.js';
import type { Mutant } from './mutant.js';

const moving = 'client/dist/fleets/moving.js';
const old = 'client/dist/fleets/old-vaults.js';
const session = 'client/dist/fleets/fleets-session.js';

/** Mutants of a move to a newer fleet: its steps, and what it must never erase. */
export function moveMutants(): Mutant[] {
  return [...steps(), ...lastCopies(), ...otherVaults()];
}

function steps(): Mutant[] {
  return [
    ...cutMutants('packages/client/test/fleet-move-crash.test.ts', [
      {
        name: 'a new home, and its debt in another write',
        rule: 'home, the end of the wish and the debt are one write',
        keeps: ['transparency §9.4'],
        file: moving,
        find: 'await session.keeper.update({ home, move: undefined, otherVault: undefined, oldVaults });',
        replace:
          'await session.keeper.update({ home, move: undefined, otherVault: undefined }); await session.keeper.update({ oldVaults });',
        test: 'crash matrix: the next unlocks finish the move',
      },
    ]),
    {
      name: 'a registration whose bytes are not on disk',
      rule: 'bytes are on disk before the finish',
      keeps: ['transparency §9.2', 'protocol §14.5'],
      patches: [
        {
          file: 'client/dist/registration.js',
          find: 'await session.keeper.update({ registration }); }',
          replace: 'session.unsaved = registration; }',
        },
        {
          file: 'client/dist/registration.js',
          find: "const registration = session.keeper.state.registration; if (registration === undefined) throw new ClientError('bad-argument'",
          replace:
            "const registration = session.keeper.state.registration ?? session.unsaved; if (registration === undefined) throw new ClientError('bad-argument'",
        },
      ],
      killers: [
        byTest('packages/client/test/registration.test.ts', 'the bytes of a finish are on disk before they are sent'),
      ],
    },
    ...cutMutants('packages/client/test/fleet-move.test.ts', [
      {
        name: 'a move without its wish on disk',
        rule: 'the wish is written before the registration',
        keeps: ['transparency §9.1'],
        file: moving,
        find: 'await keeper.update({ move }); const outcome',
        replace: 'const outcome',
        test: 'attack: a password that was changed meanwhile is not made valid again by a move that was under way',
      },
      {
        name: 'a move that takes a budget along which the new fleet does not give',
        rule: 'the budget of the old fleet, at most the new one’s limit',
        keeps: ['transparency §9.2'],
        file: moving,
        find: 'Math.min(budgetMax, to.budgetLimit)',
        replace: 'to.budgetLimit',
        test: 'at the next unlock the vault moves to the newest fleet: confirmed there, then erased on the old one',
      },
      {
        name: 'a home that was only wished for',
        rule: 'home changes after a proven confirm',
        keeps: ['transparency §9.3'],
        file: moving,
        find: 'await keeper.update({ move }); const outcome',
        replace: 'await setHome(session, to.configHash, leaves); const outcome',
        test: 'attack: a confirm that no majority stands behind does not erase the old vault',
      },
      {
        name: 'an erasure of whatever is there now',
        rule: 'an erasure names the version that was left',
        keeps: ['transparency §9.5'],
        file: old,
        find: 'client.erase({ version: old.version })',
        replace: 'client.erase()',
        test: 'attack: the old vault is changed between the unlock and its erasure: it stays, and is told about until it is gone',
      },
      {
        name: 'a move under old trust',
        rule: 'under old trust nothing moves',
        keeps: ['transparency §9'],
        file: moving,
        find: '|| book.isTrustOld()',
        replace: '',
        test: 'trust that is older than seven days: nothing is registered and nothing moved',
      },
    ]),
  ];
}

function lastCopies(): Mutant[] {
  return cutMutants('packages/client/test/last-copy.test.ts', [
    {
      name: 'an erasure that asks home for nothing',
      rule: 'home proves that it holds the vault before another is erased',
      keeps: ['transparency §9.5'],
      file: old,
      find: "if (!isSafe) return 'owed';",
      replace: '',
      test: 'attack: the new vault is destroyed by guesses while the erasure of the old one is held back: the last copy stays',
    },
    {
      name: 'a home that must not be used, and counts as one that holds the vault',
      rule: 'a revoked home holds nothing',
      keeps: ['transparency §9.5'],
      file: old,
      find: 'if (home === undefined || book.isTrustOld()) return false;',
      replace: 'if (home === undefined) return true; if (book.isTrustOld()) return false;',
      test: 'attack: the erasure on the old fleet is held back until the new one is revoked: the last copy stays',
    },
    {
      name: 'a home that holds somebody’s vault',
      rule: 'the vault is the one that this device put or unlocked there',
      keeps: ['transparency §9.5'],
      file: old,
      find: 'isOurs(view) ||',
      replace: "view.state === 'live' ||",
      test: 'attack: somebody registers over the new vault while the erasure is held back: the last copy of the key stays',
    },
    {
      name: 'an erasure under old trust',
      rule: 'under old trust nothing is erased elsewhere',
      keeps: ['transparency §9.5'],
      file: old,
      find: '|| book.isTrustOld()',
      replace: '',
      test: 'attack: news are withheld for a week: no registration is finished and no old vault erased by what may be revoked',
    },
    {
      name: 'an erasure that home owes itself',
      rule: 'a fleet that is home again is owed none',
      keeps: ['transparency §9.5'],
      file: old,
      find: 'const replaced = [home, ...added.map(({ configHash }) => configHash)];',
      replace: 'const replaced = added.map(({ configHash }) => configHash);',
      test: 'attack: the service denies the new fleet, and the vault is unlocked on the old one: what is home is not erased',
    },
    {
      name: 'a last copy that is withdrawn',
      rule: 'a move from a fleet that must not be used is finished',
      keeps: ['transparency §9'],
      file: moving,
      find: "|| home === 'unusable'",
      replace: '',
      test: 'attack: home is revoked while a move is under way: the registration that has the last copy is finished',
    },
    {
      name: 'a move that is finished on a fleet that drains',
      rule: 'a move goes to the newest fleet',
      keeps: ['transparency §9'],
      file: moving,
      find: "home === 'same' && move.wish === 'move' && isUnfinished(view) && !isNewest",
      replace: 'false',
      test: 'attack: a registration is held back until its fleet drains: the move goes to the newest instead',
    },
    {
      name: 'a vault of a revoked fleet that is said to be erased',
      rule: 'what cannot be erased is not said to be none',
      keeps: ['transparency §9'],
      file: 'client/dist/fleets/erase-everywhere.js',
      find: "home !== undefined && usableFleet(session, home) === undefined && outcome?.type !== 'erased'",
      replace: 'false',
      test: 'a vault that cannot be erased, because its fleet is revoked, is not said to be none',
    },
  ]);
}

function otherVaults(): Mutant[] {
  return cutMutants('packages/client/test/fleet-move.test.ts', [
    {
      name: 'a move over somebody’s vault',
      rule: 'only what this wish registered is replaced',
      keeps: ['transparency §9'],
      file: moving,
      find: "view.state === 'live' && !isReplaced",
      replace: 'false',
      test: 'attack: somebody with an account token has a vault on the new fleet: one guess is spent on it, and the old one stays',
    },
    {
      name: 'another key that is taken for a move',
      rule: 'another vault becomes home when it holds the same key',
      keeps: ['transparency §9'],
      file: moving,
      find: 'const isSameKey = equalBytes(outcome.backupKey, vault.backupKey);',
      replace: 'const isSameKey = true;',
      test: 'attack: a vault with the same password and another key is not taken for a move',
    },
    {
      name: 'a guess for another vault at every unlock',
      rule: 'another vault is unlocked once',
      keeps: ['transparency §9'],
      file: moving,
      find: 'otherVault?.version === version && isFleet(to, otherVault.configHash)',
      replace: 'false',
      test: 'attack: somebody with an account token has a vault on the new fleet: one guess is spent on it, and the old one stays',
    },
    {
      name: 'an old password that a move makes valid',
      rule: 'a move gives way where home has changed',
      keeps: ['transparency §9'],
      file: moving,
      find: "version === from?.version ? 'same' : 'changed'",
      replace: "'same'",
      test: 'attack: a password that was changed meanwhile is not made valid again by a move that was under way',
    },
    {
      name: 'a device that leaves a home which does not answer',
      rule: 'home is waited for',
      keeps: ['transparency §9'],
      file: session,
      find: 'return !isHome && isRetryable(error);',
      replace: 'return isRetryable(error);',
      test: 'attack: a host keeps home away: the device does not go elsewhere',
    },
    {
      name: 'a guess for every fleet',
      rule: 'only a fleet that has the vault is sent a guess, one at most',
      keeps: ['transparency §9'],
      file: 'client/dist/backup-vault.js',
      find: "type === 'not-registered' ||",
      replace: "type === 'wrong-password' || type === 'not-registered' ||",
      test: 'a device that may ask two fleets spends one wrong guess on one of them',
    },
    {
      name: 'a copy that is none, erased',
      rule: 'a copy is what the proven password opens and has the same key',
      keeps: ['transparency §9'],
      file: 'client/dist/fleets/left-behind.js',
      find: 'if (equalBytes(outcome.backupKey, vault.backupKey))',
      replace: 'if (true)',
      test: 'attack: a vault with the same password and another key is not erased as a copy that was left behind',
    },
  ]);
}
