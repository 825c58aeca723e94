import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Birth,
  decodeBirthReply,
  decodeHostReply,
  encodeBirthRequest,
  encodeHostRequest,
  Hsm,
  initialiseHsm,
  MemoryNvram,
  type Nvram,
  SoftKeyStore,
} from '@coffer/hsm';
import {
  decodeFleetDescriptor,
  fleetMembersMax,
  verifyAttestation,
  verifyBirthAcceptance,
  verifyBirthDescription,
} from '@coffer/protocol';
import fc from 'fast-check';
import { CountingEntropy, testImage } from './bench.js';
import { Nursery, type Unborn } from './nursery.js';

const coded = (code: string) => ({ code });

test('a fleet is born: every member holds the secrets, and says so in signed words', () => {
  const nursery = new Nursery({ count: 5 });
  const birth = nursery.list({ groups: 5 });
  const made = nursery.generate(birth);
  for (let id = 2; id <= 5; id++) nursery.accept(birth, made, id);
  const fleet = decodeFleetDescriptor(made.descriptor);
  assert.equal(verifyBirthAcceptance(fleet, made.acceptance).hsm, 1);
  const indexKeys = nursery.hsms.map(({ keyStore, nvram }, i) => {
    const hsm = Hsm.boot({ fleet, keyStore, nvram, entropy: nursery.entropy, image: testImage });
    const nonce = new Uint8Array(32).fill(i);
    const attested = ask(hsm, { type: 'attest', nonce });
    assert.equal(attested.type, 'attested');
    const said = verifyAttestation(fleet, attested.attestation);
    assert.deepEqual([said.hsm, said.nonce, said.image], [i + 1, nonce, testImage]);
    const described = ask(hsm, { type: 'describe' });
    assert.equal(described.type, 'described');
    return described.indexKey;
  });
  assert.equal(new Set(indexKeys.map(String)).size, 1, 'all have the same secrets');
});

test('a description is signed, and no bit of it can be another', () => {
  const nursery = new Nursery({ count: 1 });
  const described = nursery.describe(nursery.hsms[0] as Unborn, new Uint8Array(32));
  verifyBirthDescription(described);
  for (const field of ['nonce', 'identity', 'transportKey', 'serial', 'image'] as const) {
    const changed = described.statement[field].slice();
    changed[0] = (changed[0] ?? 0) ^ 1;
    const forged = { ...described, statement: { ...described.statement, [field]: changed } };
    assert.throws(() => verifyBirthDescription(forged), coded('bad-statement'), field);
  }
});

test('an attestation for one fleet or member is none for another', () => {
  const nursery = new Nursery();
  const birth = nursery.list();
  const made = nursery.generate(birth);
  nursery.accept(birth, made, 2);
  const fleet = decodeFleetDescriptor(made.descriptor);
  const [one, two] = nursery.hsms.map(({ keyStore, nvram }, i) => {
    if (i > 1) return undefined;
    const hsm = Hsm.boot({ fleet, keyStore, nvram, entropy: nursery.entropy, image: testImage });
    const reply = ask(hsm, { type: 'attest', nonce: new Uint8Array(32) });
    return reply.type === 'attested' ? reply.attestation : undefined;
  });
  assert.ok(one && two);
  const crossed = { statement: { ...one.statement, hsm: 2 }, signature: two.signature };
  verifyAttestation(fleet, crossed);
  assert.throws(() => verifyAttestation(fleet, { ...one, signature: two.signature }), coded('bad-statement'));
  const other = decodeFleetDescriptor(new Nursery({ count: 3 }).generate(new Nursery({ count: 3 }).list()).descriptor);
  assert.ok(other);
});

test('the smallest and the largest fleet are born; none without members, none with too many', () => {
  const one = new Nursery({ count: 1 });
  assert.equal(decodeFleetDescriptor(one.generate(one.list()).descriptor).members.length, 1);
  const most = new Nursery({ count: fleetMembersMax });
  const birth = most.list();
  const made = most.generate(birth);
  for (let id = 2; id <= fleetMembersMax; id++) most.accept(birth, made, id);
  assert.equal(made.shares.length, fleetMembersMax - 1);
  const none = new Nursery({ count: 1 });
  assert.throws(() => none.generate({ ...none.list(), descriptions: [] }), /not-listed/);
  const many = new Nursery({ count: fleetMembersMax + 1 });
  assert.throws(() => many.generate(many.list()), /over-limit|bad-request|over/);
});

test('plans that make no valid fleet are refused, and the HSM is as unborn as before', () => {
  for (const change of [
    { quorum: 1 },
    { quorum: 4 },
    { groups: 0 },
    { groups: 33 },
    { budgetLimit: 0 },
    { budgetLimit: 11 },
  ]) {
    const nursery = new Nursery();
    assert.throws(() => nursery.generate(nursery.list(change)), /bad-plan/, JSON.stringify(change));
    nursery.generate(nursery.list());
  }
});

test('an identity has one life: initialised once, never without state, never on a member', () => {
  const entropy = new CountingEntropy('life');
  const keyStore = SoftKeyStore.generate(entropy);
  const nvram = new MemoryNvram();
  const boot = () => Birth.boot({ keyStore, nvram, entropy, image: testImage });
  assert.throws(boot, coded('no-state'));
  assert.throws(() => initialiseHsm({ keyStore, nvram, site: 'Not A Site', entropy }), coded('bad-state'));
  initialiseHsm({ keyStore, nvram, site: 'a', entropy });
  assert.throws(() => initialiseHsm({ keyStore, nvram, site: 'a', entropy }), coded('already-member'));
  boot();
  const sealed = nvram.load() as Uint8Array;
  fc.assert(
    fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const damaged = new MemoryNvram(flipped);
      assert.throws(() => Birth.boot({ keyStore, nvram: damaged, entropy, image: testImage }), coded('already-member'));
    }),
    { numRuns: 60 },
  );
});

test('power cut before the write: unborn as before; after it: a member, and the shares are lost', () => {
  for (const isAfter of [false, true]) {
    const nursery = new Nursery();
    const [hsm] = nursery.hsms as [Unborn];
    const birth = nursery.list();
    const failing: Nvram = {
      load: () => hsm.nvram.load(),
      persist(bytes) {
        if (isAfter) hsm.nvram.persist(bytes);
        throw new Error('power');
      },
    };
    nursery.restart(hsm, failing);
    const reply = nursery.call(hsm, { type: 'birth.generate', birth });
    assert.deepEqual([reply.type, 'code' in reply && reply.code], ['birth.refused', 'halted']);
    assert.equal(hsm.birth.halted, true);
    const again = nursery.call(hsm, { type: 'birth.describe', nonce: new Uint8Array(32) });
    assert.equal('code' in again && again.code, 'halted');
    if (isAfter) assert.throws(() => nursery.restart(hsm), coded('already-member'));
    else {
      nursery.restart(hsm);
      nursery.generate(nursery.list());
    }
  }
});

test('any bytes at all are refused with a code and change nothing', () => {
  const nursery = new Nursery();
  const [hsm] = nursery.hsms as [Unborn];
  const good = encodeBirthRequest({ id: 7, body: { type: 'birth.generate', birth: nursery.list() } });
  const before = hsm.nvram.load();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
      const bad = isCut ? good.slice(0, at) : good.slice();
      if (!isCut) {
        if (bad[at] === byte) return;
        bad[at] = byte;
        // The id of the frame is free, and another group count or budget is another good plan.
        if (at < 4 || (at >= 37 && at < 42)) return;
      }
      const [answer] = hsm.birth.step([bad]);
      assert.equal(decodeBirthReply(answer as Uint8Array).body.type, 'birth.refused');
      assert.deepEqual(hsm.nvram.load(), before);
    }),
    { numRuns: 150 },
  );
});

function ask(hsm: Hsm, body: Parameters<typeof encodeHostRequest>[0]['body']) {
  const [answer] = hsm.step([encodeHostRequest({ id: 1, body })]);
  return decodeHostReply(answer as Uint8Array).body;
}
