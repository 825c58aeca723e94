import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, equalBytes, utf8 } from '@coffer/base';
import {
  ke1Bytes,
  ke2Bytes,
  ke3Bytes,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe2,
  opaqueGenerateKe3,
  opaqueIdentityBytesMax,
  opaqueRecordBytes,
  opaqueRegistrationRequest,
  opaqueRegistrationResponse,
  opaqueServerPublicKey,
  oprfRandomKey,
  systemEntropy,
  verifyKe1,
  verifyOpaqueRecord,
} from '@coffer/crypto';
import { flipped, withCode } from './support.js';

const ksf = (input: Uint8Array): Uint8Array => input;
const context = utf8('coffer/test');
const serverPrivateKey = oprfRandomKey(systemEntropy);
const serverPublicKey = opaqueServerPublicKey(serverPrivateKey);
const oprfKey = oprfRandomKey(systemEntropy);
const password = utf8('correct horse');

async function register(secret: Uint8Array) {
  const { blind, request } = opaqueRegistrationRequest(secret, systemEntropy);
  const response = opaqueRegistrationResponse({ request, oprfKey, serverPublicKey });
  return opaqueFinalizeRegistration({ password: secret, blind, response, ksf, entropy: systemEntropy });
}

const registered = await register(password);

function answer(ke1: Uint8Array, changes: object = {}) {
  return opaqueGenerateKe2({
    ke1,
    record: registered.record,
    oprfKey,
    serverPrivateKey,
    serverPublicKey,
    context,
    entropy: systemEntropy,
    ...changes,
  });
}

const { state, ke1 } = opaqueGenerateKe1(password, systemEntropy);
const server = answer(ke1);

function finish(ke2: Uint8Array, changes: object = {}) {
  return opaqueGenerateKe3({ password, state, ke2, context, ksf, ...changes });
}

test('both sides agree, and the sizes are the published ones', async () => {
  const client = await finish(server.ke2);
  assert.ok(equalBytes(client.ke3, server.expectedClientMac));
  assert.deepEqual(client.sessionKey, server.sessionKey);
  assert.deepEqual(client.exportKey, registered.exportKey);
  assert.deepEqual(client.serverPublicKey, serverPublicKey);
  assert.deepEqual([ke1.length, server.ke2.length, client.ke3.length], [ke1Bytes, ke2Bytes, ke3Bytes]);
  assert.deepEqual([ke1Bytes, ke2Bytes, ke3Bytes, opaqueRecordBytes], [96, 320, 64, 192]);
  assert.equal(registered.record.length, 192);
});

test('the state survives being written down', async () => {
  const copy = { blind: state.blind.slice(), clientSecret: state.clientSecret.slice(), ke1: state.ke1.slice() };
  const client = await finish(server.ke2, { state: copy });
  assert.deepEqual(client.ke3, server.expectedClientMac);
});

test('an asynchronous key stretching function is waited for, and counts', async () => {
  const slow = async (input: Uint8Array) => concat(input, input);
  const request = opaqueRegistrationRequest(password, systemEntropy);
  const response = opaqueRegistrationResponse({ request: request.request, oprfKey, serverPublicKey });
  const base = { password, blind: request.blind, response, entropy: systemEntropy };
  const { record, exportKey } = await opaqueFinalizeRegistration({ ...base, ksf: slow });
  const { ke2 } = answer(ke1, { record });
  assert.deepEqual((await finish(ke2, { ksf: slow })).exportKey, exportKey);
  await assert.rejects(finish(ke2), withCode('wrong-password'));
});

describe('what must not verify', () => {
  test('another password', async () => {
    const wrong = utf8('correct horsf');
    const guess = opaqueGenerateKe1(wrong, systemEntropy);
    const { ke2 } = answer(guess.ke1);
    await assert.rejects(finish(ke2, { password: wrong, state: guess.state }), withCode('wrong-password'));
    await assert.rejects(finish(server.ke2, { password: wrong }), withCode('wrong-password'));
  });

  test('every byte of KE2, one bit flipped', async () => {
    for (let at = 0; at < ke2Bytes; at++) {
      const changed = flipped(server.ke2, at, at % 8);
      // A flip in the evaluated element or the key share may leave the group; nothing else can be malformed.
      const isElement = at < 32 || (at >= 224 && at < 256);
      const codes = isElement ? (['wrong-password', 'bad-element'] as const) : (['wrong-password'] as const);
      await assert.rejects(finish(changed), withCode(...codes), `byte ${at}`);
    }
  });

  test('every byte of the record, one bit flipped', async () => {
    for (let at = 0; at < opaqueRecordBytes; at++) {
      const record = flipped(registered.record, at, at % 8);
      let changed: ReturnType<typeof answer>;
      try {
        changed = answer(ke1, { record });
      } catch (error) {
        assert.ok(at < 32);
        withCode('bad-element')(error);
        continue;
      }
      await assert.rejects(finish(changed.ke2), withCode('wrong-password'), `byte ${at}`);
    }
  });

  test('KE3 of another login, or with one bit flipped', async () => {
    const client = await finish(server.ke2);
    const other = answer(ke1);
    assert.ok(!equalBytes(client.ke3, other.expectedClientMac));
    for (let at = 0; at < ke3Bytes; at++) assert.ok(!equalBytes(flipped(client.ke3, at), server.expectedClientMac));
  });

  test('a changed KE1 in transit', async () => {
    const { ke2 } = answer(flipped(ke1, 40));
    await assert.rejects(finish(ke2), withCode('wrong-password'));
  });

  test('another context or identity on one side', async () => {
    await assert.rejects(finish(server.ke2, { context: utf8('coffer/tesu') }), withCode('wrong-password'));
    await assert.rejects(finish(server.ke2, { serverIdentity: utf8('fleet') }), withCode('wrong-password'));
    await assert.rejects(finish(server.ke2, { clientIdentity: utf8('me') }), withCode('wrong-password'));
    await assert.rejects(finish(answer(ke1, { serverIdentity: utf8('x') }).ke2), withCode('wrong-password'));
  });

  test('a server with another key: it cannot answer for the record', async () => {
    const impostor = oprfRandomKey(systemEntropy);
    const changes = { serverPrivateKey: impostor, serverPublicKey: opaqueServerPublicKey(impostor) };
    await assert.rejects(finish(answer(ke1, changes).ke2), withCode('wrong-password'));
    const claimed = { serverPrivateKey: impostor };
    await assert.rejects(finish(answer(ke1, claimed).ke2), withCode('wrong-password'));
  });

  test('another OPRF key', async () => {
    const { ke2 } = answer(ke1, { oprfKey: oprfRandomKey(systemEntropy) });
    await assert.rejects(finish(ke2), withCode('wrong-password'));
  });
});

describe('malformed input', () => {
  const nothing = new Uint8Array(32);

  test('lengths', async () => {
    const longer = (bytes: Uint8Array) => concat(bytes, Uint8Array.of(0));
    for (const change of [longer, (bytes: Uint8Array) => bytes.slice(1), () => new Uint8Array(0)]) {
      assert.throws(() => answer(change(ke1)), withCode('bad-length'));
      assert.throws(() => verifyKe1(change(ke1)), withCode('bad-length'));
      assert.throws(() => answer(ke1, { record: change(registered.record) }), withCode('bad-length'));
      assert.throws(() => verifyOpaqueRecord(change(registered.record)), withCode('bad-length'));
      assert.throws(() => answer(ke1, { serverPublicKey: change(serverPublicKey) }), withCode('bad-length'));
      assert.throws(() => answer(ke1, { serverPrivateKey: change(serverPrivateKey) }), withCode('bad-scalar'));
      assert.throws(() => answer(ke1, { oprfKey: change(oprfKey) }), withCode('bad-scalar'));
      await assert.rejects(finish(change(server.ke2)), withCode('bad-length'));
      await assert.rejects(finish(server.ke2, { state: { ...state, ke1: change(ke1) } }), withCode('bad-length'));
      await assert.rejects(finish(server.ke2, { state: { ...state, blind: change(nothing) } }), withCode('bad-scalar'));
    }
  });

  test('identity elements and zero scalars', async () => {
    const withoutBlinded = concat(nothing, ke1.slice(32));
    const withoutShare = concat(ke1.slice(0, 64), nothing);
    for (const bad of [withoutBlinded, withoutShare]) {
      assert.throws(() => answer(bad), withCode('bad-element'));
      assert.throws(() => verifyKe1(bad), withCode('bad-element'));
    }
    const withoutKey = concat(nothing, registered.record.slice(32));
    assert.throws(() => answer(ke1, { record: withoutKey }), withCode('bad-element'));
    assert.throws(() => verifyOpaqueRecord(withoutKey), withCode('bad-element'));
    assert.throws(() => answer(ke1, { oprfKey: nothing }), withCode('bad-scalar'));
    assert.throws(() => answer(ke1, { serverPrivateKey: nothing }), withCode('bad-scalar'));
    assert.throws(() => opaqueServerPublicKey(nothing), withCode('bad-scalar'));
    await assert.rejects(finish(concat(nothing, server.ke2.slice(32))), withCode('bad-element'));
    const shareless = concat(server.ke2.slice(0, 224), nothing, server.ke2.slice(256));
    await assert.rejects(finish(shareless), withCode('bad-element'));
    await assert.rejects(finish(server.ke2, { state: { ...state, clientSecret: nothing } }), withCode('bad-scalar'));
  });

  test('registration', async () => {
    const { blind, request } = opaqueRegistrationRequest(password, systemEntropy);
    const respond = (changes: object) => opaqueRegistrationResponse({ request, oprfKey, serverPublicKey, ...changes });
    assert.throws(() => respond({ request: nothing }), withCode('bad-element'));
    assert.throws(() => respond({ request: request.slice(1) }), withCode('bad-element'));
    assert.throws(() => respond({ oprfKey: nothing }), withCode('bad-scalar'));
    assert.throws(() => respond({ serverPublicKey: nothing.slice(1) }), withCode('bad-length'));
    const good = respond({});
    const base = { password, blind, ksf, entropy: systemEntropy };
    const registering = (response: Uint8Array) => opaqueFinalizeRegistration({ ...base, response });
    await assert.rejects(registering(good.slice(1)), withCode('bad-length'));
    await assert.rejects(registering(concat(nothing, good.slice(32))), withCode('bad-element'));
    await assert.rejects(registering(concat(good.slice(0, 32), nothing)), withCode('bad-element'));
  });

  test('context and identities end at 65,535 bytes', async () => {
    const most = new Uint8Array(opaqueIdentityBytesMax);
    const over = new Uint8Array(opaqueIdentityBytesMax + 1);
    assert.equal(answer(ke1, { context: most, serverIdentity: most, clientIdentity: most }).ke2.length, ke2Bytes);
    assert.throws(() => answer(ke1, { context: over }), withCode('bad-length'));
    assert.throws(() => answer(ke1, { serverIdentity: over }), withCode('bad-length'));
    assert.throws(() => answer(ke1, { clientIdentity: over }), withCode('bad-length'));
    await assert.rejects(finish(server.ke2, { context: over }), withCode('bad-length'));
  });

  test('what passes the verifiers comes back', () => {
    assert.equal(verifyKe1(ke1), ke1);
    assert.equal(verifyOpaqueRecord(registered.record), registered.record);
  });
});
