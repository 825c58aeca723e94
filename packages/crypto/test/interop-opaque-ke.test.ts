import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64url, concat, equalBytes, fromBase64url, hex, utf8 } from '@coffer/base';
import {
  argon2id,
  hkdfExpand,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe2,
  opaqueGenerateKe3,
  opaqueRegistrationRequest,
  opaqueRegistrationResponse,
  opaqueServerPublicKey,
  oprfDeriveKeyPair,
  oprfRandomKey,
  systemEntropy,
} from '@coffer/crypto';
import * as opaqueKe from '@serenity-kit/opaque';
import { withCode } from './support.js';

await opaqueKe.ready;

const context = new Uint8Array(0);
const password = 'hunter42';
const user = 'alice';
const costs = { iterations: 2, memory: 64, parallelism: 2 };
const keyStretching = { 'argon2id-custom': costs };

/** opaque-ke stretches with Argon2id under a salt of 16 zeros, to 64 bytes. */
const ksf = (input: Uint8Array): Promise<Uint8Array> =>
  argon2id({
    password: input,
    salt: new Uint8Array(16),
    memoryKiB: costs.memory,
    passes: costs.iterations,
    lanes: costs.parallelism,
    lengthBytes: 64,
  });

test('our client, their server', async () => {
  const serverSetup = opaqueKe.server.createSetup();
  const registration = opaqueRegistrationRequest(utf8(password), systemEntropy);
  const { registrationResponse } = opaqueKe.server.createRegistrationResponse({
    serverSetup,
    userIdentifier: user,
    registrationRequest: base64url(registration.request),
  });
  const registered = await opaqueFinalizeRegistration({
    password: utf8(password),
    blind: registration.blind,
    response: fromBase64url(registrationResponse),
    ksf,
    entropy: systemEntropy,
  });
  assert.equal(base64url(registered.serverPublicKey), opaqueKe.server.getPublicKey(serverSetup));

  const { state, ke1 } = opaqueGenerateKe1(utf8(password), systemEntropy);
  const { serverLoginState, loginResponse } = opaqueKe.server.startLogin({
    serverSetup,
    userIdentifier: user,
    registrationRecord: base64url(registered.record),
    startLoginRequest: base64url(ke1),
  });
  const ke2 = fromBase64url(loginResponse);
  const client = await opaqueGenerateKe3({ password: utf8(password), state, ke2, context, ksf });
  const finished = opaqueKe.server.finishLogin({ serverLoginState, finishLoginRequest: base64url(client.ke3) });
  assert.equal(finished.sessionKey, base64url(client.sessionKey));
  assert.deepEqual(client.exportKey, registered.exportKey);
  const wrong = opaqueGenerateKe3({ password: utf8('hunter43'), state, ke2, context, ksf });
  await assert.rejects(wrong, withCode('wrong-password'));
});

test('their client, our server', () => {
  const oprfKey = oprfRandomKey(systemEntropy);
  const serverPrivateKey = oprfRandomKey(systemEntropy);
  const serverPublicKey = opaqueServerPublicKey(serverPrivateKey);
  const registration = opaqueKe.client.startRegistration({ password });
  const request = fromBase64url(registration.registrationRequest);
  const registered = opaqueKe.client.finishRegistration({
    password,
    clientRegistrationState: registration.clientRegistrationState,
    registrationResponse: base64url(opaqueRegistrationResponse({ request, oprfKey, serverPublicKey })),
    keyStretching,
  });
  assert.equal(registered.serverStaticPublicKey, base64url(serverPublicKey));

  const login = opaqueKe.client.startLogin({ password });
  const server = opaqueGenerateKe2({
    ke1: fromBase64url(login.startLoginRequest),
    record: fromBase64url(registered.registrationRecord),
    oprfKey,
    serverPrivateKey,
    serverPublicKey,
    context,
    entropy: systemEntropy,
  });
  const finish = (secret: string) =>
    opaqueKe.client.finishLogin({
      password: secret,
      clientLoginState: login.clientLoginState,
      loginResponse: base64url(server.ke2),
      keyStretching,
    });
  const finished = finish(password);
  assert.ok(finished);
  assert.ok(equalBytes(fromBase64url(finished.finishLoginRequest), server.expectedClientMac));
  assert.equal(finished.sessionKey, base64url(server.sessionKey));
  assert.equal(finished.exportKey, registered.exportKey);
  assert.equal(finish('hunter43'), undefined);
});

test('identities, both ways', async () => {
  const identifiers = { client: 'alice@example.org', server: 'example.org' };
  const names = { clientIdentity: utf8(identifiers.client), serverIdentity: utf8(identifiers.server) };
  const serverSetup = opaqueKe.server.createSetup();
  const registration = opaqueRegistrationRequest(utf8(password), systemEntropy);
  const { registrationResponse } = opaqueKe.server.createRegistrationResponse({
    serverSetup,
    userIdentifier: user,
    registrationRequest: base64url(registration.request),
  });
  const { record } = await opaqueFinalizeRegistration({
    ...names,
    password: utf8(password),
    blind: registration.blind,
    response: fromBase64url(registrationResponse),
    ksf,
    entropy: systemEntropy,
  });

  // Their setup is OPRF seed (64) ‖ private key (32) ‖ a key for unknown users (32); with it we are their server.
  const setup = fromBase64url(serverSetup);
  const serverPrivateKey = setup.slice(64, 96);
  const serverPublicKey = opaqueServerPublicKey(serverPrivateKey);
  assert.equal(base64url(serverPublicKey), opaqueKe.server.getPublicKey(serverSetup));
  const seed = hkdfExpand('sha512', setup.slice(0, 64), concat(utf8(user), utf8('OprfKey')), 32);
  const oprfKey = oprfDeriveKeyPair(seed, utf8('OPAQUE-DeriveKeyPair')).privateKey;
  const ours = opaqueRegistrationResponse({ request: registration.request, oprfKey, serverPublicKey });
  assert.equal(base64url(ours), registrationResponse);

  const login = opaqueKe.client.startLogin({ password });
  const server = opaqueGenerateKe2({
    ...names,
    ke1: fromBase64url(login.startLoginRequest),
    record,
    oprfKey,
    serverPrivateKey,
    serverPublicKey,
    context,
    entropy: systemEntropy,
  });
  const finished = opaqueKe.client.finishLogin({
    password,
    clientLoginState: login.clientLoginState,
    loginResponse: base64url(server.ke2),
    identifiers,
    keyStretching,
  });
  assert.ok(finished);
  assert.equal(hex(fromBase64url(finished.finishLoginRequest)), hex(server.expectedClientMac));
});
