import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalBytes } from '@coffer/base';
import * as hsmModule from '@coffer/hsm';
import { HsmError, MemoryNvram, SoftKeyStore, sealedStateBytesMax } from '@coffer/hsm';
import { batchRequestsMax, type EntryHash, sealedReplyBytes } from '@coffer/protocol';
import { Bench, CountingEntropy, testImage } from './bench.js';
import { VaultUser } from './vault-user.js';

const { Hsm } = await import('@coffer/hsm');
const code = (code: string) => (error: unknown) => error instanceof HsmError && error.code === code;

test('an identity without its state never signs again', () => {
  const bench = new Bench();
  const { keyStore } = bench.member(1);
  const boot = () =>
    Hsm.boot({ fleet: bench.fleet, keyStore, nvram: new MemoryNvram(), entropy: bench.entropy, image: testImage });
  assert.throws(boot, code('no-state'));
  assert.throws(boot, /vote against what it has forgotten/);
});

test('state that does not authenticate, in any bit, is refused', () => {
  const bench = new Bench();
  const { keyStore, nvram } = bench.member(1);
  const sealed = nvram.load() as Uint8Array;
  const boot = (bytes: Uint8Array) =>
    Hsm.boot({ fleet: bench.fleet, keyStore, nvram: new MemoryNvram(bytes), entropy: bench.entropy, image: testImage });
  boot(sealed);
  for (let at = 0; at < sealed.length; at++) {
    const flipped = sealed.slice();
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    assert.throws(() => boot(flipped), code('bad-state'));
  }
  assert.throws(() => boot(sealed.subarray(1)), code('bad-state'));
  assert.throws(() => boot(new Uint8Array()), code('bad-state'));
});

test("another member's or another fleet's state is refused", () => {
  const bench = new Bench();
  const [one, two] = [bench.member(1), bench.member(2)];
  assert.throws(
    () =>
      Hsm.boot({
        fleet: bench.fleet,
        keyStore: one.keyStore,
        nvram: two.nvram,
        entropy: bench.entropy,
        image: testImage,
      }),
    code('bad-state'),
  );
  const other = new Bench({ keyStores: bench.members.map((m) => m.keyStore), seed: 'other' });
  assert.throws(
    () =>
      Hsm.boot({
        fleet: other.fleet,
        keyStore: one.keyStore,
        nvram: one.nvram,
        entropy: bench.entropy,
        image: testImage,
      }),
    code('other-fleet'),
  );
});

test('the sealed state of 32 groups fits 4 KiB, and does not grow with records', () => {
  const bench = new Bench({ groups: 32 });
  const before = bench.member(1).nvram.load()?.length as number;
  assert.ok(before <= sealedStateBytesMax, `${before} bytes`);
  const ann = new VaultUser(bench, 'ann');
  for (let group = 0; group < 32; group++) bench.lead(1, undefined, group);
  bench.term = bench.ask(1, 'inspected', {
    type: 'inspect',
    group: Number(ann.vaultId.subarray(0, 8).reduce((n, b) => (n * 256n + BigInt(b)) % 32n, 0n)),
  }).capTerm;
  ann.status();
  assert.equal(bench.member(1).nvram.load()?.length, before);
});

test('a restart forgets nothing that was signed, and leads nothing', () => {
  const bench = new Bench();
  bench.lead(1);
  new VaultUser(bench, 'ann').status();
  const before = bench.ask(1, 'inspected', { type: 'inspect', group: 0 });
  bench.restart(1);
  const after = bench.ask(1, 'inspected', { type: 'inspect', group: 0 });
  assert.deepEqual({ ...after, leading: true }, before);
  assert.equal(after.leading, false);
});

test('several frames of one step are persisted once, and before the first is answered', () => {
  const bench = new Bench();
  const { hsm, nvram } = bench.member(1);
  let writes = 0;
  const persist = nvram.persist.bind(nvram);
  nvram.persist = (bytes) => {
    writes++;
    persist(bytes);
  };
  const { encodeHostRequest, decodeHostReply } = bench.modules.hsm;
  const frames = [1n, 2n, 3n].map((round) =>
    encodeHostRequest({
      id: Number(round),
      body: { type: 'promise', group: 0, t: { round, leaderId: 1 }, nonce: new Uint8Array(32) },
    }),
  );
  const replies = hsm.step(frames).map((frame) => decodeHostReply(frame));
  assert.deepEqual(
    replies.map((r) => [r.id, r.body.type]),
    [
      [1, 'promised'],
      [2, 'promised'],
      [3, 'promised'],
    ],
  );
  assert.equal(writes, 1);
});

test('after a failed write an HSM answers nothing any more, not even what it could', () => {
  const bench = new Bench();
  const { hsm, nvram } = bench.member(1);
  nvram.persist = () => {
    throw new Error('disk full');
  };
  assert.equal(
    bench.call(1, { type: 'promise', group: 0, t: { round: 1n, leaderId: 1 }, nonce: new Uint8Array(32) }).type,
    'refused',
  );
  assert.equal(hsm.halted, true);
  for (const body of [{ type: 'describe' }, { type: 'inspect', group: 0 }] as const) {
    const reply = bench.call(1, body);
    assert.deepEqual(reply.type === 'refused' && reply.code, 'halted');
  }
});

for (const method of ['sign', 'seal'] as const) {
  test(`a key store that cannot ${method} halts the HSM; with it back it goes on from what is persisted`, () => {
    const bench = new Bench();
    const { hsm, nvram, keyStore } = bench.member(1);
    const ask = (round: bigint) =>
      bench.call(1, { type: 'promise', group: 0, t: { round, leaderId: 1 }, nonce: new Uint8Array(32) });
    assert.equal(ask(1n).type, 'promised');
    const before = nvram.load();
    const gone = new Error('token gone');
    Object.defineProperty(keyStore, method, {
      configurable: true,
      value: () => {
        throw gone;
      },
    });
    const reply = ask(2n);
    assert.deepEqual(reply.type === 'refused' && reply.code, 'halted');
    assert.equal(hsm.haltCause, gone);
    // What could not be sealed was not remembered; what could not be signed was, and nobody has heard of it.
    assert.equal(equalBytes(nvram.load() as Uint8Array, before as Uint8Array), method === 'seal');
    delete (keyStore as { sign?: unknown; seal?: unknown })[method];
    bench.restart(1);
    assert.equal(ask(3n).type, 'promised');
  });
}

test('bytes that are no request are refused under id 0 and change nothing', () => {
  const bench = new Bench();
  const { hsm } = bench.member(1);
  const before = bench.member(1).nvram.load();
  for (const frame of [new Uint8Array(), new Uint8Array(5), new Uint8Array(300).fill(255)]) {
    const [answer] = hsm.step([frame]);
    const { id, body } = bench.modules.hsm.decodeHostReply(answer as Uint8Array);
    assert.equal(id, 0);
    assert.deepEqual(body.type === 'refused' && body.code, 'bad-request');
  }
  assert.equal(hsm.halted, false);
  assert.deepEqual(bench.member(1).nvram.load(), before);
});

test('a key store comes back from its export, and from nothing else', () => {
  const entropy = new CountingEntropy('keys');
  const keyStore = SoftKeyStore.generate(entropy);
  const copy = SoftKeyStore.from(keyStore.export(), entropy);
  assert.deepEqual(copy.publicKey, keyStore.publicKey);
  assert.equal(copy.platform, 'SIMULATED HARDWARE');
  const aad = Uint8Array.of(1);
  assert.deepEqual(copy.open(aad, keyStore.seal(aad, Uint8Array.of(5))), Uint8Array.of(5));
  const bytes = keyStore.export();
  bytes[0] = 9;
  assert.throws(() => SoftKeyStore.from(bytes, entropy), code('bad-state'));
});

test('the replies of all entries that may be in flight fit one frame', () => {
  const { entriesInFlightMax, encodeHostReply, hostFrameBytesMax } = hsmModule;
  const replies = Array.from({ length: batchRequestsMax }, () => new Uint8Array(sealedReplyBytes));
  const entries = Array.from({ length: entriesInFlightMax }, (_, i) => ({
    index: BigInt(i),
    hash: new Uint8Array(32) as EntryHash,
    replies,
  }));
  assert.ok(encodeHostReply({ id: 1, body: { type: 'released', entries } }).length <= hostFrameBytesMax);
});

test('no more entries are executed than may be in flight', () => {
  const bench = new Bench();
  bench.lead(1);
  const ann = new VaultUser(bench, 'ann');
  const next = () => {
    const { entry, leaves } = bench.execute([bench.item(ann.vaultId, ann.seal({ type: 'status' }).sealed)]);
    assert.ok(entry);
    bench.apply(0, entry, leaves);
  };
  for (let i = 0; i < hsmModule.entriesInFlightMax; i++) next();
  assert.throws(next, /in-flight/);
});
