import { type Attack, type Ground, testAttacks } from './attack.js';
import type { Bench } from './bench.js';
import { holds, VaultUser } from './vault-user.js';

async function registered(
  ground: Ground,
  options: { budgetMax?: number; groups?: number } = {},
): Promise<{ bench: Bench; ann: VaultUser }> {
  const { budgetMax = 3, groups = 1 } = options;
  const bench = ground.bench({ groups });
  for (let group = 0; group < groups; group++) bench.lead(1, undefined, group);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax });
  return { bench, ann };
}

const register = 'hsm/dist/vault/register.js';
const keep = 'hsm/dist/vault/keep.js';
const recover = 'hsm/dist/vault/recover.js';
const staleTicket = {
  file: 'hsm/dist/vault/step.js',
  find: 'ticket !== undefined && ticket.seq === record.seq && ticket.version === record.version ? ticket : undefined',
  replace: 'ticket',
};

const attacks: Attack[] = [
  {
    name: 'replayed refill',
    rule: 'an authTicket is good for one seq (safety rule 7)',
    async run(ground) {
      const { ann } = await registered(ground);
      const { authTicket } = await ann.unlock('right');
      if (authTicket === undefined) return false;
      const refill = ann.seal({ type: 'refill', authTicket });
      ann.deliver(refill);
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      ann.deliver(refill);
      return ann.status().budget === 3;
    },
    without: [staleTicket],
  },
  {
    name: 'delayed refill',
    rule: 'an authTicket is good for one seq (safety rule 7)',
    async run(ground) {
      const { ann } = await registered(ground);
      const { authTicket } = await ann.unlock('right');
      if (authTicket === undefined) return false;
      const held = ann.seal({ type: 'refill', authTicket });
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      return ann.deliver(held)?.type === 'refilled';
    },
    without: [staleTicket],
  },
  {
    name: 'a second grant from one recovery',
    rule: 'a finish that is executed again gives no authTicket',
    async run(ground) {
      const { ann } = await registered(ground);
      const { state, request } = ann.ke1('right');
      const started = ann.ask(request);
      if (started.type !== 'recover.started') return false;
      const finish = ann.seal(
        { type: 'recover.finish', ke3: (await ann.ke3('right', state, started.ke2)) as Uint8Array },
        started,
      );
      ann.deliver(finish);
      await ann.guess('wrong');
      const again = ann.deliver(finish);
      return again?.type === 'recovered' && (again.authTicket !== undefined || again.budget === 3);
    },
    without: [{ file: recover, find: 'authTicket: wasOpen ?', replace: 'authTicket: true ?' }],
  },
  {
    name: 'confirm replayed',
    rule: 'a confirm grants a budget at most once per version (safety rule 7)',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish, confirmSecret } = await ann.begin('next');
      const { version } = ann.expect('register.finished', finish, started);
      const confirm = ann.seal({ type: 'register.confirm', version, confirmSecret });
      ann.deliver(confirm);
      await ann.guess('wrong 1');
      ann.deliver(confirm);
      return ann.status().budget === 3;
    },
    without: [
      {
        file: register,
        find: "return unchanged(record, again ? confirmedReply(record) : { type: 'stale-ticket' });",
        replace:
          "return again ? { record: changed(record, { openAttempts: [] }), reply: confirmedReply(record) } : unchanged(record, { type: 'stale-ticket' });",
      },
    ],
  },
  {
    name: 'a confirm by somebody else',
    rule: 'only who drew the confirm secret confirms (safety rule 7)',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish } = await ann.begin('next');
      const { version } = ann.expect('register.finished', finish, started);
      return (
        ann.ask({ type: 'register.confirm', version, confirmSecret: new Uint8Array(32) }).type === 'register.confirmed'
      );
    },
    without: [
      {
        file: register,
        find: 'version === record.version && equalBytes(hash, pending.credential.confirmHash)',
        replace: 'version === record.version',
      },
    ],
  },
  {
    name: 'a registration that replaces a live record before its confirm',
    rule: 'a pending record answers no recovery (safety rule 4)',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish } = await ann.begin('theirs');
      ann.expect('register.finished', finish, started);
      return (await ann.guess('theirs')).type === 'recovered';
    },
    without: [
      {
        file: register,
        find: 'changed(record, { pending: { ticketId, authenticated, credential } })',
        replace:
          "changed(record, { pending: { ticketId, authenticated, credential }, state: 'live', live: credential })",
      },
    ],
  },
  {
    name: 'finish replayed after erase',
    rule: 'a registration ticket is bound to seq',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish } = await ann.begin('next');
      const sealed = ann.seal(finish, started);
      ann.deliver(sealed);
      ann.ask({ type: 'erase', version: 1 });
      ann.deliver(sealed);
      return ann.status().pending !== undefined;
    },
    without: [
      { file: register, find: 'ticket.version === record.version && ticket.seq === record.seq', replace: 'true' },
    ],
  },
  {
    name: 'finish replayed after lock-out',
    rule: 'a registration ticket is bound to seq',
    async run(ground) {
      const { ann } = await registered(ground, { budgetMax: 1 });
      const { started, finish } = await ann.begin('next');
      const sealed = ann.seal(finish, started);
      ann.deliver(sealed);
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      ann.deliver(sealed);
      return ann.status().pending !== undefined;
    },
    without: [
      { file: register, find: 'ticket.version === record.version && ticket.seq === record.seq', replace: 'true' },
    ],
  },
  {
    name: 'confirm replayed after erase',
    rule: 'erase overwrites the pending record, and a confirm names its version',
    async run(ground) {
      const { ann } = await registered(ground);
      const { started, finish, confirmSecret } = await ann.begin('next');
      const { version } = ann.expect('register.finished', finish, started);
      ann.ask({ type: 'erase', version: 1 });
      ann.ask({ type: 'register.confirm', version, confirmSecret });
      return ann.status().state === 'live';
    },
    without: [
      {
        file: keep,
        find: 'live: undefined, pending: undefined, openAttempts: []',
        replace: 'live: undefined, openAttempts: []',
      },
      {
        file: register,
        find: 'pending !== undefined && version === record.version &&',
        replace: 'pending !== undefined &&',
      },
    ],
  },
  {
    name: 'confirm replayed after lock-out',
    rule: 'a destruction overwrites the pending record, and a confirm names its version',
    async run(ground) {
      const { ann } = await registered(ground, { budgetMax: 1 });
      const { started, finish, confirmSecret } = await ann.begin('next');
      const { version } = ann.expect('register.finished', finish, started);
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      ann.ask({ type: 'register.confirm', version, confirmSecret });
      return ann.status().state === 'live';
    },
    without: [
      { file: recover, find: 'openAttempts: [], pending: undefined })', replace: 'openAttempts: [] })' },
      {
        file: register,
        find: 'pending !== undefined && version === record.version &&',
        replace: 'pending !== undefined &&',
      },
    ],
  },
  {
    name: 'secrets that outlive the lock-out',
    rule: 'the guess after the last one overwrites all secrets',
    async run(ground) {
      const { ann } = await registered(ground, { budgetMax: 1 });
      await ann.guess('wrong 1');
      await ann.guess('wrong 2');
      return (await ann.guess('right')).type === 'recovered';
    },
    without: [
      {
        file: recover,
        find: "state: 'destroyed', live: undefined, openAttempts: [], pending: undefined",
        replace: 'openAttempts: [], pending: undefined',
      },
    ],
  },
  {
    name: 'recorded erase against a later vault',
    rule: 'an erase names the version that it erases',
    async run(ground) {
      const { ann } = await registered(ground);
      const recorded = ann.seal({ type: 'erase', version: 1 });
      ann.deliver(recorded);
      await ann.register('later');
      ann.deliver(recorded);
      return ann.status().state === 'erased';
    },
    without: [{ file: keep, find: 'if (version === record.version)', replace: 'if (true)' }],
  },
  {
    name: 'false erasure receipt after a new confirm',
    rule: 'the receipt is repeated only while the record is erased',
    async run(ground) {
      const { ann } = await registered(ground);
      // Owed, delayed by the host; meanwhile the person changed the password: version 2, and very much alive.
      const owed = ann.seal({ type: 'erase', version: 1 });
      await ann.register('next');
      return ann.deliver(owed)?.type === 'erasure-receipt' && ann.status().state === 'live';
    },
    without: [{ file: keep, find: "record.state === 'erased' && version + 1", replace: 'version + 1' }],
  },
  {
    name: "old password's KE1, ticket and KE3 replayed after rotation",
    rule: 'a recovery ticket is bound to the version',
    async run(ground) {
      const { ann } = await registered(ground);
      const { state, request } = ann.ke1('right');
      const started = ann.ask(request);
      if (started.type !== 'recover.started') return false;
      const ke3 = (await ann.ke3('right', state, started.ke2)) as Uint8Array;
      const finish = ann.seal({ type: 'recover.finish', ke3 }, started);
      await ann.register('new');
      ann.ask(request);
      const reply = ann.deliver(finish);
      return reply?.type === 'recovered' && holds(reply.payload, 'new');
    },
    without: [{ file: recover, find: 'if (ticket.version !== record.version)', replace: 'if (false)' }],
  },
  {
    name: 'a wrong KE3',
    rule: 'the payload needs the KE3 that only the right password gives',
    async run(ground) {
      const { ann } = await registered(ground);
      return (await ann.guess('wrong')).type === 'recovered';
    },
    without: [{ file: recover, find: 'if (!equalBytes(ke3, ticket.expectedKe3))', replace: 'if (false)' }],
  },
  {
    name: 'an unauthenticated reset that looks authenticated',
    rule: 'a confirm without an authTicket is counted in resets',
    async run(ground) {
      const { ann } = await registered(ground);
      return (await ann.register('theirs')).confirmed.resets === 0;
    },
    without: [{ file: register, find: 'resets: record.resets + (foreign ? 1 : 0)', replace: 'resets: record.resets' }],
  },
];

testAttacks(attacks);
