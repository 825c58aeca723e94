import { cutMutants } from './cut.js';
import type { Mutant } from './mutant.js';

const moving = 'client/dist/fleets/moving.js';

/** Mutants of a move that a device goes on with, when something has happened meanwhile to the vault that it moves. */
export function unfinishedMoveMutants(): Mutant[] {
  const changed =
    'attack: the password was changed while a move was under way: the next unlock moves the new one, not the old';
  return cutMutants('packages/client/test/unfinished-move.test.ts', [
    {
      name: 'a registration of the old secret, finished for the new one',
      rule: 'a move goes on only from the version that it started from',
      keeps: ['transparency §9'],
      file: moving,
      find: '&& isSamePlace(move.leaves[0], leaves[0])',
      replace: '',
      test: changed,
    },
    {
      name: 'a device that takes its own registration for somebody’s',
      rule: 'what this wish put there for an older secret is replaced',
      keeps: ['transparency §9'],
      file: moving,
      find: "if (view.state === 'live' && !isReplaced)",
      replace: "if (view.state === 'live')",
      test: changed,
    },
    {
      name: 'a home with the old secret',
      rule: 'a confirmed move gives way where home has changed',
      keeps: ['transparency §9', 'transparency §9.4'],
      file: moving,
      find: "if (home === 'changed')",
      replace: 'if (false)',
      test: changed,
    },
    {
      name: 'a home where nothing was confirmed',
      rule: 'home changes after a proven confirm',
      keeps: ['transparency §9.3'],
      file: moving,
      find: 'if (!isUnfinished(view) && !isConfirmed(view, move))',
      replace: 'if (false)',
      test: 'attack: a move of which nothing has reached the new fleet: home stays where it is',
    },
    {
      name: 'a last copy that is withdrawn, after guesses destroyed the other',
      rule: 'a move from a vault that guesses destroyed is finished',
      keeps: ['transparency §9'],
      file: moving,
      find: "|| home === 'destroyed'",
      replace: '',
      test: 'attack: home is destroyed by guesses while a move is under way: the registration that has the last copy is finished',
    },
    {
      name: 'a last copy that waits for a newer fleet',
      rule: 'the last copy is finished wherever it is',
      keeps: ['transparency §9'],
      file: moving,
      find: "if (home === 'same' && move.wish === 'move'",
      replace: "if (move.wish === 'move'",
      test: 'attack: home is revoked while a move is under way to a fleet that drains by now: it is finished all the same',
    },
    {
      name: 'an erased vault that a move brings back',
      rule: 'a move gives way where the vault was erased',
      keeps: ['transparency §9'],
      file: moving,
      find: 'if (version === undefined) { await',
      replace: 'if (false) { await',
      test: 'the vault was erased while a move was under way: nothing comes back, and what another device finished stays',
    },
    {
      name: 'a move to a fleet that is revoked by now',
      rule: 'nothing is finished on a fleet that must not be used',
      keeps: ['transparency §9'],
      file: moving,
      find: 'if (move === undefined || to === undefined)',
      replace: 'if (move === undefined)',
      test: 'the new fleet is revoked while a move to it is under way: nothing is finished there, and home stays',
    },
    {
      name: 'a home that the person has given up',
      rule: 'a move that is given up leaves home where it is',
      keeps: ['transparency §9.3'],
      file: moving,
      find: 'if ((await inForce(session, move)) === undefined)',
      replace: 'if (false)',
      test: 'a move is given up by the person: what is not in force is withdrawn, and what is in force is home',
    },
    {
      name: 'a vault that is taken for one’s own, because it was unlocked once',
      rule: 'a wish ends before another vault is unlocked',
      keeps: ['transparency §9'],
      file: moving,
      find: 'if (keeper.state.move !== undefined)',
      replace: 'if (false)',
      test: 'attack: a vault with another key, unlocked once, is not taken for what this device registered before it stopped',
    },
    {
      name: 'a home that is taken for erased',
      rule: 'a live home is compared by its version',
      keeps: ['transparency §9'],
      file: moving,
      find: "if (state === 'live') return version",
      replace: 'if (false) return version',
      test: changed,
    },
  ]);
}
