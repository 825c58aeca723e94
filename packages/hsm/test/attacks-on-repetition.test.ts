import { utf8 } from '@coffer/base';
import { type Attack, type Ground, testAttacks } from './attack.js';
import type { Bench } from './bench.js';
import { holds, type Sealed, VaultUser } from './vault-user.js';

/**
 * The "executed again" column of docs/spec/protocol.md's operations, from the side of whoever loses replies: the attack
 * succeeds when losing one has cost the person something. `recover.start` and `refill` are under their own names, `lost
 * reply charged twice` and `replayed refill`.
 */

async function registered(ground: Ground, budgetMax = 3): Promise<{ bench: Bench; ann: VaultUser }> {
  const bench = ground.bench();
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax });
  return { bench, ann };
}

/** Delivers, loses the reply, and delivers to another HSM. */
function lost(bench: Bench, user: VaultUser, sealed: Sealed) {
  user.deliver(sealed);
  bench.lead(2);
  return user.deliver(sealed);
}

const register = 'hsm/dist/vault/register.js';
const recover = 'hsm/dist/vault/recover.js';
const keep = 'hsm/dist/vault/keep.js';

const attacks: Attack[] = [
  {
    name: 'lost reply to register.finish, executed again by another HSM',
    rule: 'the same finish gets the same answer',
    async run(ground) {
      const { bench, ann } = await registered(ground);
      const { started, finish } = await ann.begin('next');
      return lost(bench, ann, ann.seal(finish, started))?.type !== 'register.finished';
    },
    without: [{ file: register, find: 'again ? finished :', replace: 'false ? finished :' }],
  },
  {
    name: 'lost reply to register.confirm, executed again by another HSM',
    rule: 'the same confirm gets the same answer',
    async run(ground) {
      const { bench, ann } = await registered(ground);
      const { started, finish, confirmSecret } = await ann.begin('next');
      const { version } = ann.expect('register.finished', finish, started);
      const confirm = ann.seal({ type: 'register.confirm', version, confirmSecret });
      return lost(bench, ann, confirm)?.type !== 'register.confirmed';
    },
    without: [
      { file: register, find: 'again ? confirmedReply(record) :', replace: 'false ? confirmedReply(record) :' },
    ],
  },
  {
    name: 'lost reply to recover.finish, executed again by another HSM',
    rule: 'the same KE3 gets the payload again',
    async run(ground) {
      const { bench, ann } = await registered(ground);
      const { state, request } = ann.ke1('right');
      const started = ann.expect('recover.started', request);
      const ke3 = (await ann.ke3('right', state, started.ke2)) as Uint8Array;
      const again = lost(bench, ann, ann.seal({ type: 'recover.finish', ke3 }, started));
      return !(again?.type === 'recovered' && holds(again.payload, 'right') && ann.status().budget === 3);
    },
    without: [
      {
        file: recover,
        find: 'const closed = wasOpen ? changed(record, { openAttempts }) : record;',
        replace:
          "if (!wasOpen) return unchanged(record, { type: 'stale-ticket' }); const closed = changed(record, { openAttempts });",
      },
    ],
  },
  {
    name: 'lost reply to erase, executed again by another HSM',
    rule: 'an erased record repeats its receipt',
    async run(ground) {
      const { bench, ann } = await registered(ground);
      return lost(bench, ann, ann.seal({ type: 'erase', version: 1 }))?.type !== 'erasure-receipt';
    },
    without: [
      {
        file: keep,
        find: "const again = record.state === 'erased' && version + 1",
        replace: "const again = record.state === 'live' && version + 1",
      },
    ],
  },
  {
    name: 'other bytes under a spent registration ticket',
    rule: 'only the same bytes are the same finish',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish } = await ann.begin('next');
      ann.expect('register.finished', finish, started);
      if (finish.type !== 'register.finish') return false;
      // Answered as finished, a client would confirm a registration that is not the one it wrote down.
      return ann.ask({ ...finish, payload: utf8('other') }, started).type === 'register.finished';
    },
    without: [{ file: register, find: 'isSameCredential(pending.credential, credential);', replace: 'true;' }],
  },
  {
    name: 'a flipped bit that destroys',
    rule: 'a malformed KE1 destroys nothing',
    async run(ground) {
      const { ann } = await registered(ground, 1);
      await ann.guess('wrong');
      ann.deliver(ann.seal({ type: 'recover.start', ke1: new Uint8Array(96).fill(255) }));
      return ann.status().state === 'destroyed';
    },
    without: [{ file: recover, find: 'verifyKe1(ke1);', replace: '' }],
  },
];

testAttacks(attacks);
