import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, utf8 } from '@coffer/base';
import { Birth, Hsm, HsmError, MemoryNvram } from '@coffer/hsm';
import {
  type ConfigHash,
  type EntryHash,
  fleetShareMessage,
  newViewMessage,
  promiseMessage,
  type Signed,
  type TermPromise,
} from '@coffer/protocol';
import { Bench, CountingEntropy, testImage } from './bench.js';
import { Nursery, type Unborn } from './nursery.js';
import { VaultUser } from './vault-user.js';

/** What a host can say wrong and no attack of the other files says: each is refused by name, and nothing changes. */
const refused = (bench: Bench, id: number, body: Parameters<Bench['call']>[1]): string => {
  const before = bench.member(id).nvram.load();
  const reply = bench.call(id, body);
  assert.deepEqual(bench.member(id).nvram.load(), before);
  return reply.type === 'refused' ? reply.code : `answered ${reply.type}`;
};

const t = { round: 1n, leaderId: 1 };

/** A promise as a member that lies would sign it. */
function forged(bench: Bench, promise: Signed<TermPromise>, change: Partial<TermPromise>): Signed<TermPromise> {
  const statement = { ...promise.statement, ...change };
  const { keyStore } = bench.member(statement.hsm);
  return { statement, signature: keyStore.sign(promiseMessage(statement)) };
}

test('a view is opened by the leader of its term only: nobody else has a candidacy', () => {
  const bench = new Bench();
  const promises = [bench.promise(1, t), bench.promise(2, t)];
  assert.equal(refused(bench, 2, { type: 'new-view', group: 0, t, promises, base: undefined }), 'stale-term');
});

test('promises to two lives of a leader make no view, nor do two entries at one position', () => {
  const bench = new Bench();
  const [own, other] = [bench.promise(1, t), bench.promise(2, t)];
  const cases: readonly Partial<TermPromise>[] = [
    { nonce: new Uint8Array(32) },
    { hash: new Uint8Array(32) as EntryHash },
    { configHash: new Uint8Array(32) as ConfigHash },
  ];
  for (const change of cases) {
    const promises = [own, forged(bench, other, change)];
    assert.equal(refused(bench, 1, { type: 'new-view', group: 0, t, promises, base: undefined }), 'bad-statement');
  }
});

test('a view of another fleet is not adopted', () => {
  const bench = new Bench();
  const promises = [bench.promise(1, t), bench.promise(2, t)];
  const { view } = bench.ask(1, 'new-view', { type: 'new-view', group: 0, t, promises, base: undefined });
  const statement = { ...view.statement, configHash: new Uint8Array(32) as ConfigHash };
  const signature = bench.member(1).keyStore.sign(newViewMessage(statement));
  assert.equal(refused(bench, 3, { type: 'adopt', view: { statement, signature } }), 'bad-group');
});

test('a view whose leader put together promises to two of its lives is not adopted', () => {
  const bench = new Bench();
  const promises = [bench.promise(1, t), bench.promise(2, t)];
  const { view } = bench.ask(1, 'new-view', { type: 'new-view', group: 0, t, promises, base: undefined });
  const [own, other] = promises as [Signed<TermPromise>, Signed<TermPromise>];
  const statement = { ...view.statement, promises: [own, forged(bench, other, { nonce: new Uint8Array(32) })] };
  const signature = bench.member(1).keyStore.sign(newViewMessage(statement));
  assert.equal(refused(bench, 3, { type: 'adopt', view: { statement, signature } }), 'bad-statement');
  assert.equal(bench.call(3, { type: 'adopt', view }).type, 'captured');
});

test('an empty batch, and one whose proof is about somebody else', () => {
  const bench = new Bench();
  bench.lead(1);
  const ann = bench.item(bench.vaultId('ann'), new Uint8Array());
  const batch = { type: 'execute', group: 0, term: bench.term } as const;
  assert.equal(refused(bench, 1, { ...batch, items: [], proof: bench.proof(0, [ann]) }), 'bad-request');
  assert.equal(refused(bench, 1, { ...batch, items: [ann], proof: new Uint8Array(3) }), 'bad-proof');
  // With a few records the proof of one is silent about most others.
  const names = ['cid', 'dot', 'eve', 'fay', 'gus', 'hal'];
  for (const name of names) new VaultUser(bench, name).status();
  const items = names.map((name) => bench.item(bench.vaultId(name), new Uint8Array()));
  const [first] = items as [(typeof items)[number]];
  assert.equal(refused(bench, 1, { ...batch, items, proof: bench.proof(0, [first]) }), 'bad-proof');
});

test('a closed HSM answers nothing any more', () => {
  const bench = new Bench();
  bench.member(1).hsm.close();
  assert.equal(bench.member(1).hsm.halted, true);
  assert.equal(refused(bench, 1, { type: 'inspect', group: 0 }), 'halted');
});

test('a closed key store opens nothing of its own any more', () => {
  const { keyStore } = new Bench().member(1);
  const sealed = keyStore.seal(utf8('label'), utf8('text'));
  assert.deepEqual(keyStore.open(utf8('label'), sealed), utf8('text'));
  keyStore.close();
  assert.throws(() => keyStore.open(utf8('label'), sealed), { code: 'open-failed' });
});

/** What a later version would have stored, sealed by the HSM itself. */
function ofVersion9(unborn: { keyStore: Unborn['keyStore'] }, label: string, sealed: Uint8Array): MemoryNvram {
  const { keyStore } = unborn;
  const name = concat(utf8(label), keyStore.publicKey);
  const plaintext = keyStore.open(name, sealed);
  return new MemoryNvram(keyStore.seal(name, concat(Uint8Array.of(9), plaintext.subarray(1))));
}

test('a state of another version, or one that does not decode, is not started on', () => {
  const bench = new Bench();
  const { keyStore, nvram } = bench.member(1);
  const common = { fleet: bench.fleet, keyStore, entropy: bench.entropy, image: testImage };
  const label = 'coffer/hsm-state/v1';
  const stored = nvram.load() as Uint8Array;
  assert.throws(() => Hsm.boot({ ...common, nvram: ofVersion9({ keyStore }, label, stored) }), { code: 'bad-state' });
  const name = concat(utf8(label), keyStore.publicKey);
  const short = new MemoryNvram(keyStore.seal(name, new Uint8Array(3)));
  assert.throws(() => Hsm.boot({ ...common, nvram: short }), { code: 'bad-state' });
});

test('the same for an HSM that waits for a fleet', () => {
  const unborn = new Nursery({ count: 1 }).hsms[0] as Unborn;
  const { keyStore, nvram } = unborn;
  const label = 'coffer/hsm-birth/v1';
  const common = { keyStore, entropy: new CountingEntropy('later'), image: testImage };
  const later = ofVersion9(unborn, label, nvram.load() as Uint8Array);
  assert.throws(() => Birth.boot({ ...common, nvram: later }), HsmError);
  const short = new MemoryNvram(keyStore.seal(concat(utf8(label), keyStore.publicKey), new Uint8Array(3)));
  assert.throws(() => Birth.boot({ ...common, nvram: short }), { code: 'already-member' });
});

test('a share that does not open here, and a descriptor that is none, make no member', () => {
  const nursery = new Nursery();
  const birth = nursery.list();
  const { descriptor, shares } = nursery.generate(birth);
  const second = nursery.hsms[1] as Unborn;
  const share = shares.find(({ statement }) => statement.hsm === 2);
  assert.ok(share !== undefined && nursery.hsms[0]?.birth.isMember === true);
  const code = (body: Parameters<Nursery['call']>[1]): string => {
    const reply = nursery.call(second, body);
    return reply.type === 'birth.refused' ? reply.code : reply.type;
  };
  const accept = { type: 'birth.accept', birth, descriptor, share } as const;
  assert.equal(code({ ...accept, descriptor: utf8('{}') }), 'bad-descriptor');
  const sealed = share.statement.sealed.slice();
  sealed[0] = (sealed[0] ?? 0) ^ 1;
  const statement = { ...share.statement, sealed };
  const signature = (nursery.hsms[0] as Unborn).keyStore.sign(fleetShareMessage(statement));
  assert.equal(code({ ...accept, share: { statement, signature } }), 'bad-share');
  assert.deepEqual([second.birth.isMember, second.birth.halted], [false, false]);
  assert.equal(code(accept), 'birth.accepted');
});

test('a ticket is good for its own next step, and seals nothing else', async () => {
  const bench = new Bench();
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax: 3 });
  const { started: registering, finish } = await ann.begin('next');
  const recovering = ann.expect('recover.started', ann.ke1('right').request);
  const before = ann.status();
  const status = { type: 'status' } as const;
  const erase = { type: 'erase', version: before.version } as const;
  for (const [request, ticket] of [
    [status, registering],
    [erase, registering],
    [status, recovering],
    [erase, recovering],
    [finish, recovering],
    [{ type: 'recover.finish', ke3: new Uint8Array(64) }, registering],
  ] as const) {
    assert.equal(ann.deliver(ann.seal(request, ticket)), undefined, request.type);
  }
  assert.deepEqual(ann.status(), before);
});

test('a term is opened once; an entry that is captured already is passed over; a vault that is not live is not refilled', async () => {
  const bench = new Bench();
  const promises = [bench.promise(1, t), bench.promise(2, t)];
  const open = { type: 'new-view', group: 0, t, promises, base: undefined } as const;
  const { view } = bench.ask(1, 'new-view', open);
  assert.equal(refused(bench, 1, open), 'stale-term');
  for (const id of [2, 3]) bench.ask(id, 'captured', { type: 'adopt', view });
  bench.term = t;
  const ann = new VaultUser(bench, 'ann');
  await ann.register('right', { budgetMax: 1 });
  const [last] = (bench.entries[0] ?? []).slice(-1);
  assert.ok(last !== undefined);
  assert.deepEqual(bench.capture(2, [last]), bench.capture(2, [last, last]));
  const { authTicket } = await ann.unlock('right');
  assert.ok(authTicket !== undefined);
  ann.expect('erasure-receipt', { type: 'erase', version: 1 });
  assert.notEqual(ann.ask({ type: 'refill', authTicket }).type, 'refilled');
  assert.equal(ann.status().state, 'erased');
});
