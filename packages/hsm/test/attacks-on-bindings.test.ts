import type { BatchItem } from '@coffer/hsm';
import { type EntryHash, groupOf, type NewView, type Signed, type SignedEntry, type Term } from '@coffer/protocol';
import { type Attack, type Ground, testAttacks } from './attack.js';
import type { Bench } from './bench.js';
import { VaultUser } from './vault-user.js';

/**
 * What binds a thing to its place, seen from a host that has two places. Some of these need a leader's own key, as a
 * leader that was broken into has it: an HSM believes a peer's signature for who says something, never for its being so.
 */

const agreement = 'hsm/dist/agreement.js';
const channel = 'protocol/dist/channel.js';

async function registered(bench: Bench, budgetMax = 3): Promise<VaultUser> {
  const ann = new VaultUser(bench, 'ann');
  bench.lead(1, undefined, groupOf(ann.vaultId, bench.fleet.groups));
  await ann.register('right', { budgetMax });
  return ann;
}

/** An authTicket of one fleet, taken to another one of the same secrets where the vault has the same history. */
async function ticketTakenTo(production: Bench, staging: Bench): Promise<boolean> {
  const [there, here] = [await registered(staging), await registered(production)];
  const { authTicket } = await there.unlock('right');
  await here.unlock('right');
  return authTicket !== undefined && here.ask({ type: 'refill', authTicket }).type === 'refilled';
}

function signedView(bench: Bench, { modules }: Ground, statement: NewView): Signed<NewView> {
  const { keyStore } = bench.member(statement.t.leaderId);
  return { statement, signature: keyStore.sign(modules.protocol.newViewMessage(statement)) };
}

function adopts(bench: Bench, id: number, view: Signed<NewView>): boolean {
  return bench.ask(id, 'captured', { type: 'adopt', view }).cap.statement.term.round === view.statement.t.round;
}

const t: Term = { round: 9n, leaderId: 2 };

const attacks: Attack[] = [
  {
    name: 'ticket of another fleet',
    rule: 'tickets bind fleetId and configHash',
    run(ground) {
      const seed = 'one ceremony, two fleets';
      return ticketTakenTo(ground.bench({ seed }), ground.bench({ seed, budgetLimit: 9 }));
    },
    without: [
      { file: channel, find: 'fleet.fleetId, fleet.configHash, u16be(group)', replace: 'fleet.fleetId, u16be(group)' },
    ],
  },
  {
    name: 'ticket of another group',
    rule: 'tickets bind the group, and the configHash that says how many there are',
    run(ground) {
      const seed = 'one ceremony, two fleets';
      return ticketTakenTo(ground.bench({ seed }), ground.bench({ seed, groups: 5 }));
    },
    without: [
      {
        file: channel,
        find: 'fleet.fleetId, fleet.configHash, u16be(group), vaultId)',
        replace: 'fleet.fleetId, vaultId)',
      },
    ],
  },
  {
    name: 'a record that the host hides',
    rule: 'a record is absent only where the proof shows that it is',
    async run(ground) {
      const bench = ground.bench();
      const ann = await registered(bench, 1);
      await ann.guess('wrong');
      const { sealed } = ann.seal({ type: 'status' });
      const hidden: BatchItem = { ...bench.item(ann.vaultId, sealed), leaf: undefined };
      // Taken for a vault that never was, it could be registered anew, with a budget and no reset to show.
      return bench.execute([hidden]).entry !== undefined;
    },
    without: [
      {
        file: 'hsm/dist/batch.js',
        find: 'if ((proven === undefined) !== (leaf === undefined))',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'a reset that an old authTicket hides',
    rule: 'a registration is authenticated by an authTicket of right now',
    async run(ground) {
      const bench = ground.bench();
      const ann = await registered(bench);
      const { authTicket } = await ann.unlock('right');
      await ann.guess('wrong');
      const started = await ann
        .begin('theirs', { ...(authTicket === undefined ? {} : { authTicket }) })
        .catch(() => undefined);
      if (started === undefined) return false;
      const { version } = ann.expect('register.finished', started.finish, started.started);
      const { confirmSecret } = started;
      const confirmed = ann.expect('register.confirmed', { type: 'register.confirm', version, confirmSecret });
      return confirmed.resets === 0;
    },
    without: [
      {
        file: 'hsm/dist/vault/register.js',
        find: 'if (authenticated && openAuthTicket(context, record, authTicket) === undefined)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'a view whose leader made up its base',
    rule: 'who adopts recomputes the base (consensus rule 3)',
    async run(ground) {
      const bench = ground.bench();
      await registered(bench);
      const promises = [2, 3].map((id) => bench.promise(id, t));
      const { configHash } = bench.fleet;
      const genesis = { index: 0n, hash: ground.modules.protocol.genesisHash(configHash, 0) };
      const base = { capTerm: { round: 0n, leaderId: 0 }, ...genesis };
      return adopts(bench, 3, signedView(bench, ground, { group: 0, configHash, t, base, promises }));
    },
    without: [
      {
        file: agreement,
        find: 'comparePositions(greatest, base) !== 0 || !equalBytes(greatest.hash, base.hash)',
        replace: 'false',
      },
    ],
  },
  {
    name: "a view without its leader's promise, adopted",
    rule: "a view carries its leader's own promise (consensus rule 3)",
    async run(ground) {
      const bench = ground.bench();
      await registered(bench);
      const promises = [1, 3].map((id) => bench.promise(id, t));
      const { capTerm, index, hash } = bench.ask(3, 'inspected', { type: 'inspect', group: 0 });
      const { configHash } = bench.fleet;
      const base = { capTerm, index, hash };
      return adopts(bench, 3, signedView(bench, ground, { group: 0, configHash, t, base, promises }));
    },
    without: [
      { file: agreement, find: 'if (!promises.some((p) => p.statement.hsm === t.leaderId))', replace: 'if (false)' },
    ],
  },
  {
    name: 'promises of another group',
    rule: 'the promises of a view are of its own group (consensus rule 3)',
    run(ground) {
      const bench = ground.bench({ groups: 2 });
      const promises = [2, 3].map((id) => bench.promise(id, t, 1));
      const { configHash } = bench.fleet;
      const { capTerm, index, hash } = bench.ask(3, 'inspected', { type: 'inspect', group: 1 });
      const base = { capTerm, index, hash };
      return adopts(bench, 3, signedView(bench, ground, { group: 0, configHash, t, base, promises }));
    },
    without: [{ file: agreement, find: 'promise.group === view.group && equalBytes', replace: 'equalBytes' }],
  },
  {
    name: 'an entry of another group, captured',
    rule: "an HSM captures only entries of the chain's own group and fleet (consensus rule 5)",
    run(ground) {
      const bench = ground.bench({ groups: 2 });
      bench.lead(1);
      const { entryHash, entrySignatureMessage } = ground.modules.protocol;
      const entry = {
        group: 1,
        configHash: bench.fleet.configHash,
        term: bench.term,
        nonce: new Uint8Array(32),
        index: 1n,
        prevHash: bench.tipHash(0) as EntryHash,
        root: new Uint8Array(32),
        requestsDigest: new Uint8Array(32),
        repliesRoot: new Uint8Array(32),
        leavesDigest: new Uint8Array(32),
        count: 1,
      };
      const signature = bench.member(1).keyStore.sign(entrySignatureMessage(entryHash(entry)));
      const signed: SignedEntry = { entry, signature };
      return bench.capture(3, [signed], 0).statement.index === 1n;
    },
    without: [
      {
        file: 'hsm/dist/group.js',
        find: 'if (entry.group !== this.#group || !equalBytes(entry.configHash, this.#fleet.configHash))',
        replace: 'if (false)',
      },
    ],
  },
];

testAttacks(attacks);
