import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex, hex, utf8 } from '@coffer/base';
import {
  attemptIdOf,
  bundleBytesMax,
  type CommitProof,
  capMessage,
  confirmHashOf,
  decodeVaultAnswer,
  decodeVaultCall,
  decodeVaultReply,
  decodeVaultRequest,
  type EntryHash,
  encodeVaultAnswer,
  encodeVaultCall,
  encodeVaultReply,
  encodeVaultRequest,
  entryHash,
  entrySignatureMessage,
  genesisHash,
  groupOf,
  isKsfAcceptable,
  ksfCeiling,
  ksfDefault,
  ksfFloor,
  newViewMessage,
  ProtocolError,
  promiseMessage,
  recordKeyOf,
  sealedReplyBytes,
  sealedRequestBytesMax,
  type VaultReply,
  type VaultRequest,
  vaultCallBytesMax,
  vaultIdOf,
} from '@coffer/protocol';
import { WireError } from '@coffer/wire';
import { entryWith, testFleet } from './fleet.js';

const golden: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../../vectors/protocol/v1.json', import.meta.url), 'utf8'),
).values;

const fleet = testFleet();
const vaultId = vaultIdOf('example', 'ann');
const position = { index: 7n, hash: new Uint8Array(32).fill(9) as EntryHash };
const term = { round: 3n, leaderId: 2 };
const { configHash } = fleet;
const base = { capTerm: term, ...position };

const known = { epoch: 258, size: 2 ** 53 - 1 };

const values: Record<string, () => Uint8Array> = {
  configHash: () => configHash,
  vaultId: () => vaultId,
  recordKey: () => recordKeyOf(new Uint8Array(32).fill(5), vaultId),
  attemptId: () => attemptIdOf(vaultId, 3, new Uint8Array(96).fill(4)),
  confirmHash: () => confirmHashOf(new Uint8Array(32).fill(6)),
  genesisHash: () => genesisHash(configHash, 1),
  entryHash: () => entryHash(entryWith(fleet, [utf8('reply')])),
  entrySignatureMessage: () => entrySignatureMessage(position.hash),
  capMessage: () => capMessage({ hsm: 2, group: 1, configHash, term, ...position }),
  promiseMessage: () =>
    promiseMessage({
      hsm: 2,
      group: 1,
      configHash,
      t: term,
      nonce: new Uint8Array(32).fill(8),
      capTerm: term,
      ...position,
    }),
  newViewMessage: () => newViewMessage({ group: 1, configHash, t: term, base, promises: [] }),
  vaultCallPinned: () => encodeVaultCall({ configHash, request: Uint8Array.of(1, 2, 3) }),
  vaultCallOverTheAir: () => encodeVaultCall({ configHash, request: Uint8Array.of(1, 2, 3), known }),
};

for (const [name, compute] of Object.entries(values)) {
  test(`reference value: ${name}`, () => assert.equal(hex(compute()), golden[name]));
}

test('the reference values name nothing that is not computed here', () => {
  assert.deepEqual(Object.keys(golden).sort(), Object.keys(values).sort());
});

test('a group is the first eight bytes, modulo the groups', () => {
  const id = fromHex(`ffffffffffffffff${'00'.repeat(24)}`) as typeof vaultId;
  assert.equal(groupOf(id, 32), 31);
  assert.equal(groupOf(id, 10), 5);
  assert.equal(groupOf(id, 1), 0);
});

test('names are 1 to 256 bytes, and cannot run into each other', () => {
  assert.notDeepEqual(vaultIdOf('ab', 'c'), vaultIdOf('a', 'bc'));
  assert.equal(vaultIdOf('t', 'a'.repeat(256)).length, 32);
  for (const [tenant, account] of [
    ['', 'a'],
    ['t', ''],
    ['t', 'a'.repeat(257)],
    ['é'.repeat(129), 'a'],
    // Half a character: encoded as U+FFFD it would be the name of another account.
    ['t', '\ud83d'],
    ['\udd11', 'a'],
  ] as const) {
    assert.throws(
      () => vaultIdOf(tenant, account),
      (e) => e instanceof ProtocolError && e.code === 'bad-account',
    );
  }
});

test('KSF parameters at floor and ceiling, and one step beyond each', () => {
  for (const fine of [ksfDefault, ksfFloor, ksfCeiling]) assert.ok(isKsfAcceptable(fine));
  for (const name of ['memoryKiB', 'passes', 'lanes'] as const) {
    assert.equal(isKsfAcceptable({ ...ksfFloor, [name]: ksfFloor[name] - 1 }), false);
    assert.equal(isKsfAcceptable({ ...ksfCeiling, [name]: ksfCeiling[name] + 1 }), false);
  }
});

const bytes = (length: number) => new Uint8Array(length).fill(1);
const ticket = { ticket: bytes(320), resumptionSecret: bytes(32) };

const requests: VaultRequest[] = [
  { type: 'status' },
  { type: 'register.start', blinded: bytes(32), authTicket: undefined },
  { type: 'register.start', blinded: bytes(32), authTicket: bytes(320) },
  {
    type: 'register.finish',
    record: bytes(192),
    ksf: ksfDefault,
    payload: bytes(256),
    budgetMax: 10,
    confirmHash: bytes(32),
  },
  { type: 'register.confirm', version: 0xffff_ffff, confirmSecret: bytes(32) },
  { type: 'register.abandon', ticketId: bytes(32) },
  { type: 'recover.start', ke1: bytes(96) },
  { type: 'recover.finish', ke3: bytes(64) },
  { type: 'refill', authTicket: bytes(320) },
  { type: 'erase', version: 0 },
];

const replies: VaultReply[] = [
  { type: 'status', state: 'live', version: 1, budgetMax: 10, budget: 9, failures: 1, resets: 2, pending: bytes(32) },
  { type: 'status', state: 'none', version: 0, budgetMax: 0, budget: 0, failures: 0, resets: 0, pending: undefined },
  { type: 'register.started', response: bytes(64), ticketId: bytes(32), ...ticket },
  { type: 'register.finished', version: 1 },
  { type: 'register.confirmed', version: 2, budget: 10, resets: 0 },
  { type: 'register.abandoned' },
  { type: 'recover.started', ke2: bytes(320), ksf: ksfDefault, version: 1, budget: 2, failures: 1, ...ticket },
  {
    type: 'recovered',
    payload: bytes(256),
    version: 1,
    budget: 0,
    openAttempts: Array.from({ length: 10 }, () => bytes(32)),
    authTicket: bytes(320),
  },
  { type: 'recovered', payload: bytes(0), version: 1, budget: 3, openAttempts: [], authTicket: undefined },
  { type: 'refilled', budget: 3 },
  { type: 'erasure-receipt', version: 2 },
  { type: 'not-registered' },
  { type: 'wrong-secret', budget: 1 },
  { type: 'destroyed', version: 2 },
  { type: 'erased', version: 2 },
  { type: 'stale-ticket' },
  { type: 'limit' },
];

test('every request and every reply comes back from one padded size, at its largest', () => {
  for (const request of requests) {
    assert.equal(encodeVaultRequest(request).length, 1024);
    assert.deepEqual(decodeVaultRequest(encodeVaultRequest(request)), request);
  }
  for (const reply of replies) {
    assert.equal(encodeVaultReply(reply).length, 1024);
    assert.deepEqual(decodeVaultReply(encodeVaultReply(reply)), reply);
  }
});

test('a vault call comes back with and without what the client knows, and is at most as long as its limit says', () => {
  const request = bytes(sealedRequestBytesMax);
  for (const call of [
    { configHash, request, known },
    { configHash, request, known: undefined },
  ]) {
    assert.deepEqual(decodeVaultCall(encodeVaultCall(call)), call);
  }
  assert.equal(encodeVaultCall({ configHash, request, known }).length, vaultCallBytesMax);
  assert.throws(() => encodeVaultCall({ configHash, request: bytes(sealedRequestBytesMax + 1), known }), WireError);
});

test('an epoch or a size that a number does not count exactly is no vault call', () => {
  const call = encodeVaultCall({ configHash, request: bytes(3), known });
  for (const at of [call.length - 16, call.length - 8]) {
    const changed = call.slice();
    changed[at] = 1;
    assert.throws(() => decodeVaultCall(changed), WireError);
  }
  for (const wrong of [-1, 0.5, 2 ** 53]) {
    assert.throws(
      () => encodeVaultCall({ configHash, request: bytes(3), known: { epoch: wrong, size: 1 } }),
      WireError,
    );
    assert.throws(
      () => encodeVaultCall({ configHash, request: bytes(3), known: { epoch: 1, size: wrong } }),
      WireError,
    );
  }
});

test('a vault call without the byte that says whether more follows is none: there is one form', () => {
  const call = encodeVaultCall({ configHash, request: bytes(3) });
  assert.throws(() => decodeVaultCall(call.subarray(0, call.length - 1)), WireError);
});

test('a vault answer carries a bundle of up to its limit', () => {
  const certificate = { group: 0, configHash, term, index: 1n, hash: position.hash, signatures: [] };
  const proof: CommitProof = { replyIndex: 0, path: [], entries: [], certificate };
  for (const bundle of [undefined, bytes(bundleBytesMax)]) {
    const answer = { reply: bytes(sealedReplyBytes), proof, bundle };
    assert.deepEqual(decodeVaultAnswer(encodeVaultAnswer(answer)), answer);
  }
  const over = { reply: bytes(sealedReplyBytes), proof, bundle: bytes(bundleBytesMax + 1) };
  assert.throws(() => encodeVaultAnswer(over), WireError);
});
