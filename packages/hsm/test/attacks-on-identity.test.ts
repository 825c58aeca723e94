import { equalBytes } from '@coffer/base';
import { groupOf } from '@coffer/protocol';
import { type Attack, testAttacks } from './attack.js';
import { committed } from './bench.js';
import { VaultUser } from './vault-user.js';

const tickets = 'hsm/dist/tickets.js';

const attacks: Attack[] = [
  {
    name: "one account's token with another's vault",
    rule: 'the seal binds the vaultId',
    async run(ground) {
      const bench = ground.bench();
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      const mallory = bench.vaultId('mallory');
      // Mallory's token makes the gateway say "mallory"; the request inside was sealed for Ann's vault.
      return bench.send(mallory, ann.seal({ type: 'status' }).sealed) !== undefined;
    },
    without: [
      {
        file: 'protocol/dist/channel.js',
        find: 'fleet.configHash, u16be(group), vaultId)',
        replace: 'fleet.configHash, u16be(group))',
      },
    ],
  },
  {
    name: 'one vault in two groups',
    rule: 'a vault belongs to the group of its id (safety rule 5)',
    async run(ground) {
      const bench = ground.bench({ groups: 2 });
      bench.lead(1, undefined, 0);
      const first = bench.term;
      const ann = new VaultUser(bench, 'ann');
      const home = groupOf(ann.vaultId, 2);
      bench.lead(1, undefined, 1 - home);
      if (home === 1) bench.lead(1, undefined, 1);
      const { sealed } = ann.seal({ type: 'status' });
      const term = bench.ask(1, 'inspected', { type: 'inspect', group: 1 - home }).capTerm;
      const items = [{ vaultId: ann.vaultId, request: sealed, leaf: undefined }];
      const { entry } = bench.execute(items, { group: 1 - home, term, proof: bench.proof(1 - home, items) });
      return first !== undefined && entry !== undefined;
    },
    without: [
      { file: 'hsm/dist/batch.js', find: 'if (groupOf(vaultId, fleet.groups) !== group)', replace: 'if (false)' },
    ],
  },
  {
    name: 'replayed request, same reply key',
    rule: 'the reply key takes in a fresh nonce of the HSM',
    async run(ground) {
      const bench = ground.bench();
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      const { sealed } = ann.seal({ type: 'status' });
      const [first, second] = [bench.send(ann.vaultId, sealed), bench.send(ann.vaultId, sealed)];
      if (first === undefined || second === undefined) return false;
      return equalBytes(first.reply.subarray(0, 32), second.reply.subarray(0, 32));
    },
    without: [
      {
        file: 'protocol/dist/channel.js',
        find: 'const hsmNonce = entropy.bytes(32);',
        replace: 'const hsmNonce = new Uint8Array(32);',
      },
    ],
  },
  {
    name: 'ticket of another vault',
    rule: 'ticket keys and seals bind the vaultId',
    async run(ground) {
      const bench = ground.bench();
      bench.lead(1);
      const [ann, bob] = [new VaultUser(bench, 'ann'), new VaultUser(bench, 'bob')];
      await ann.register('ann');
      await bob.register('bob');
      // Both vaults have the same history, hence the same seq and version.
      const { authTicket } = await ann.unlock('ann');
      await bob.unlock('bob');
      return authTicket !== undefined && bob.ask({ type: 'refill', authTicket }).type === 'refilled';
    },
    without: [
      {
        file: tickets,
        find: 'sealCommitting(key, type.label, associatedData(vault), padded',
        replace: 'sealCommitting(key, type.label, type.label, padded',
      },
      {
        file: tickets,
        find: 'openCommitting(key, type.label, associatedData(vault), sealed',
        replace: 'openCommitting(key, type.label, type.label, sealed',
      },
      { file: tickets, find: 'concat(type.label, associatedData(vault))', replace: 'type.label' },
    ],
  },
  {
    name: 'ticket of another type',
    rule: 'ticket keys and seals bind the type',
    async run(ground) {
      const bench = ground.bench();
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      await ann.register('right');
      const next = await ann.begin('next');
      // A registration ticket costs nothing; as an authTicket it would refill.
      return ann.ask({ type: 'refill', authTicket: next.started.ticket }).type === 'refilled';
    },
    without: [
      {
        file: tickets,
        find: "label: utf8('coffer/ticket/auth/v1')",
        replace: "label: utf8('coffer/ticket/register/v1')",
      },
      { file: tickets, find: 'layout: struct({ version: u32, seq: u64 }),', replace: 'layout: registerTicket.layout,' },
      {
        file: 'hsm/dist/vault/recover.js',
        find: '{ version: record.version, seq: record.seq }',
        replace:
          '{ version: record.version, seq: record.seq, ticketId: new Uint8Array(32), authenticated: true, oprfKey: new Uint8Array(32), resumptionSecret: new Uint8Array(32) }',
      },
    ],
  },
  {
    name: 'ticket of another version',
    rule: 'every ticket is bound to version and seq',
    async run(ground) {
      const bench = ground.bench();
      bench.lead(1);
      const ann = new VaultUser(bench, 'ann');
      await ann.register('one');
      const { authTicket } = await ann.unlock('one');
      await ann.register('two');
      await ann.guess('wrong');
      return authTicket !== undefined && ann.ask({ type: 'refill', authTicket }).type === 'refilled';
    },
    without: [
      {
        file: 'hsm/dist/vault/step.js',
        find: 'ticket !== undefined && ticket.seq === record.seq && ticket.version === record.version ? ticket : undefined',
        replace: 'ticket',
      },
    ],
  },
  {
    name: 'staging fleet with shared signers',
    rule: 'certificates and entries bind the configHash',
    async run(ground) {
      const production = ground.bench({ seed: 'production' });
      // The same machines, hence the same identities, in a second fleet whose index key and secrets the attacker may know.
      const keyStores = production.members.map((member) => member.keyStore);
      const staging = ground.bench({ keyStores, seed: 'staging' });
      staging.lead(1);
      const user = new VaultUser(staging, 'ann');
      const { sealed } = user.seal({ type: 'status' });
      const { entry, leaves } = staging.execute([staging.item(user.vaultId, sealed)]);
      if (entry === undefined) return false;
      staging.apply(0, entry, leaves);
      const { certificate, released } = staging.commit(entry);
      const { reply, proof } = committed(entry, released, certificate, 0);
      try {
        ground.modules.protocol.verifyCommitProof(production.fleet, 0, reply, proof);
        return true;
      } catch (cause) {
        if (cause instanceof ground.modules.protocol.ProtocolError) return false;
        throw cause;
      }
    },
    without: [
      {
        file: 'protocol/dist/commit-proof.js',
        find: 'entry.group !== group || !equalBytes(entry.configHash, fleet.configHash)',
        replace: 'entry.group !== group',
      },
      {
        file: 'protocol/dist/quorum-certificate.js',
        find: 'if (!equalBytes(configHash, fleet.configHash))',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'ticket and request of another fleet',
    rule: 'seals and tickets bind fleetId and configHash',
    async run(ground) {
      const seed = 'one ceremony, two fleets';
      const production = ground.bench({ seed });
      const staging = ground.bench({ seed, budgetLimit: 9 });
      production.lead(1);
      const user = new VaultUser(staging, 'ann');
      // Same secrets (same seed), another configuration.
      return production.send(user.vaultId, user.seal({ type: 'status' }).sealed) !== undefined;
    },
    without: [
      {
        file: 'protocol/dist/channel.js',
        find: 'fleet.fleetId, fleet.configHash, u16be(group)',
        replace: 'fleet.fleetId, u16be(group)',
      },
    ],
  },
];

testAttacks(attacks);
