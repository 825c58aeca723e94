import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearFleet, CeremonyError, exhaustGuesses, type NewbornHsm } from '@coffer/ceremony';
import { VaultExchange } from '@coffer/client';
import { type BirthReply, type BirthRequest, Hsm } from '@coffer/hsm';
import { decodeVaultCall, encodeVaultAnswer, openReply, verifyCommitProof } from '@coffer/protocol';
import { Bench, CountingEntropy, testImage } from '../packages/hsm/test/bench.js';
import { loadMutant } from '../packages/hsm/test/mutant.js';
import { Nursery } from '../packages/hsm/test/nursery.js';

const plan = { nonce: new Uint8Array(32).fill(7), groups: 3, budgetLimit: 3, rollbackTolerance: 0, quorum: 2 };
const silent = { onDescribed: () => undefined, onGenerated: () => undefined, onAccepted: () => undefined };

type Twist = (site: string, reply: BirthReply, request: BirthRequest) => BirthReply;

function connections(nursery: Nursery, twist: Twist = (_, reply) => reply): NewbornHsm[] {
  return nursery.hsms.map((hsm, i) => {
    const site = `site-${i + 1}`;
    return { site, call: async (request) => twist(site, nursery.call(hsm, request), request) };
  });
}

test('a fleet is born through its connections, and every event of it is told in order', async () => {
  const nursery = new Nursery();
  const told: string[] = [];
  const { fleet, birth } = await bearFleet(connections(nursery), plan, {
    onDescribed: ({ statement }) => told.push(`describe ${statement.site}`),
    onGenerated: (_, shares) => told.push(`generate ${shares.length}`),
    onAccepted: ({ statement }) => told.push(`accept ${statement.hsm}`),
  });
  const expected = [
    'describe site-1',
    'describe site-2',
    'describe site-3',
    'generate 2',
    'accept 1',
    'accept 2',
    'accept 3',
  ];
  assert.deepEqual(told, expected);
  assert.equal(birth.descriptions.length, 3);
  for (const { keyStore, nvram } of nursery.hsms) {
    Hsm.boot({ fleet, keyStore, nvram, entropy: nursery.entropy, image: testImage });
  }
});

test('an HSM that refuses, is away, or answers something else ends the ceremony with its code', async () => {
  const cases: [string, Twist][] = [
    [
      'hsm-refused',
      (_, reply) =>
        reply.type === 'birth.generated' ? { type: 'birth.refused', code: 'bad-plan', message: 'no' } : reply,
    ],
    [
      'bad-answer',
      (_, reply, { type }) => (type === 'birth.generate' ? { type: 'birth.accepted', acceptance: {} as never } : reply),
    ],
    [
      'bad-answer',
      (site, reply) =>
        reply.type === 'birth.described' && site === 'site-2' ? described(reply, { site: 'site-9' }) : reply,
    ],
    [
      'bad-answer',
      (_, reply) => (reply.type === 'birth.generated' ? { ...reply, shares: reply.shares.slice(0, 1) } : reply),
    ],
    [
      'bad-answer',
      (_, reply) =>
        reply.type === 'birth.accepted'
          ? { ...reply, acceptance: { ...reply.acceptance, statement: { ...reply.acceptance.statement, hsm: 1 } } }
          : reply,
    ],
  ];
  for (const [code, twist] of cases) {
    await assert.rejects(bearFleet(connections(new Nursery(), twist), plan, silent), (error) => {
      assert.ok(error instanceof CeremonyError);
      assert.equal(error.code, code);
      return true;
    });
  }
  await assert.rejects(bearFleet([], plan, silent), { code: 'bad-plan' });
});

test('the self-test spends every guess on the member that leads, and leaves proofs of it', async () => {
  const bench = new Bench({ sites: 3, budgetLimit: 3 });
  for (const member of [1, 2, 3]) {
    bench.lead(member);
    const exchange = exchangeTo(bench, `test-${member}`);
    const calls = await exhaustGuesses(exchange, new CountingEntropy(`self-test ${member}`));
    assert.deepEqual(
      calls.map(({ request }) => request),
      [
        'register.start',
        'register.finish',
        'register.confirm',

        ...Array.from({ length: 3 }, () => ['recover.start', 'recover.finish']).flat(),
        'recover.start',
        'recover.start',
      ],
    );
    const { vault } = exchange;
    for (const { answer, ...open } of calls) {
      assert.equal(verifyCommitProof(vault.fleet, 0, answer.reply, answer.proof).term.leaderId, member);
      openReply(vault, open, answer.reply);
    }
  }
});

test('HSMs that do not charge are found out by the self-test', async () => {
  const patch = {
    file: 'hsm/dist/vault/recover.js',
    find: 'return { record: charged, reply: evaluate(context, charged,',
    replace: 'return { record, reply: evaluate(context, record,',
  };
  const bench = new Bench({ sites: 1, budgetLimit: 3, modules: await loadMutant('self-test', [patch]) });
  bench.lead(1);
  await assert.rejects(exhaustGuesses(exchangeTo(bench, 'test'), new CountingEntropy('x')), { code: 'guess-limit' });
});

function described(reply: Extract<BirthReply, { type: 'birth.described' }>, change: object): BirthReply {
  const { statement, signature } = reply.description;
  return { ...reply, description: { statement: { ...statement, ...change }, signature } };
}

/** The way of a client, with a bench of HSMs in place of everything in between. */
function exchangeTo(bench: Bench, name: string): VaultExchange {
  const vaultId = bench.vaultId(name);
  return new VaultExchange({
    vault: { fleet: bench.fleet, vaultId },
    transport: {
      async post(_path, _headers, body) {
        const committed = bench.send(vaultId, decodeVaultCall(body).request);
        if (committed === undefined) return { status: 400, headers: {}, body: new Uint8Array() };
        return { status: 200, headers: {}, body: encodeVaultAnswer({ ...committed, bundle: undefined }) };
      },
    },
    token: async () => 'token',
    entropy: new CountingEntropy(`exchange ${name}`),
    clock: { nowMs: () => 0 },
    timers: { after: () => () => undefined } as never,
  });
}
