import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { concat, fromHex, hex, utf8 } from '@coffer/base';
import {
  hkdfExpand,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe2,
  opaqueGenerateKe3,
  opaqueRegistrationRequest,
  opaqueRegistrationResponse,
  opaqueServerPublicKey,
  oprfDeriveKeyPair,
  oprfEvaluate,
  oprfFinalize,
} from '@coffer/crypto';
import { group } from '../dist/node/group.js';
import { envelopeKeys, maskingKey, randomizedPassword, sealEnvelope } from '../dist/opaque/envelope.js';
import { sessionKeys } from '../dist/opaque/key-exchange.js';
import { deriveDhKeyPair } from '../dist/opaque/key-pair.js';
import { hexValues, loadVectors, scripted, wideScalar } from './support.js';

interface Vector {
  config: Record<string, string>;
  inputs: Record<string, string>;
  intermediates: Record<string, string>;
  outputs: Record<string, string>;
}

const vectors = loadVectors<Vector[]>('opaque/rfc9807.json').filter((vector) => vector.config.Group === 'ristretto255');
const real = vectors.filter((vector) => vector.config.Fake === 'False');
const fake = vectors.filter((vector) => vector.config.Fake === 'True');
const identity = (input: Uint8Array): Uint8Array => input;

/** The vectors derive the OPRF key from a seed (RFC 9807 §5.2.2), which Coffer does not. */
function oprfKeyOf(inputs: Record<string, Uint8Array>): Uint8Array {
  const info = concat(inputs.credential_identifier as Uint8Array, utf8('OprfKey'));
  const seed = hkdfExpand('sha512', inputs.oprf_seed as Uint8Array, info, 32);
  return oprfDeriveKeyPair(seed, utf8('OPAQUE-DeriveKeyPair')).privateKey;
}

assert.equal(real.length, 2);
assert.equal(fake.length, 1);

for (const [i, vector] of real.entries()) {
  describe(`C.1.${i + 1}: ristretto255-SHA512`, () => {
    const inputs = hexValues(vector.inputs) as Record<string, Uint8Array>;
    const at = (name: string): Uint8Array => inputs[name] as Uint8Array;
    const { intermediates, outputs } = vector;
    const context = fromHex(vector.config.Context as string);
    const names = { serverIdentity: inputs.server_identity, clientIdentity: inputs.client_identity };
    const oprfKey = oprfKeyOf(inputs);
    const serverPublicKey = opaqueServerPublicKey(at('server_private_key'));

    test('server keys', () => {
      assert.equal(hex(oprfKey), intermediates.oprf_key);
      assert.deepEqual(serverPublicKey, at('server_public_key'));
    });

    test('registration', async () => {
      const entropy = scripted(wideScalar(at('blind_registration')));
      const { blind, request } = opaqueRegistrationRequest(at('password'), entropy);
      assert.ok(entropy.isUsedUp());
      assert.equal(hex(request), outputs.registration_request);
      const response = opaqueRegistrationResponse({ request, oprfKey, serverPublicKey });
      assert.equal(hex(response), outputs.registration_response);
      const nonce = scripted(at('envelope_nonce'));
      const finished = await opaqueFinalizeRegistration({
        ...names,
        password: at('password'),
        blind,
        response,
        ksf: identity,
        entropy: nonce,
      });
      assert.ok(nonce.isUsedUp());
      assert.equal(hex(finished.record), outputs.registration_upload);
      assert.equal(hex(finished.exportKey), outputs.export_key);
      assert.deepEqual(finished.serverPublicKey, serverPublicKey);
    });

    test('login', async () => {
      const clientEntropy = scripted(wideScalar(at('blind_login')), at('client_nonce'), at('client_keyshare_seed'));
      const { state, ke1 } = opaqueGenerateKe1(at('password'), clientEntropy);
      assert.ok(clientEntropy.isUsedUp());
      assert.equal(hex(ke1), outputs.KE1);
      const serverEntropy = scripted(at('masking_nonce'), at('server_nonce'), at('server_keyshare_seed'));
      const server = opaqueGenerateKe2({
        ...names,
        ke1,
        record: fromHex(outputs.registration_upload as string),
        oprfKey,
        serverPrivateKey: at('server_private_key'),
        serverPublicKey,
        context,
        entropy: serverEntropy,
      });
      assert.ok(serverEntropy.isUsedUp());
      assert.equal(hex(server.ke2), outputs.KE2);
      assert.equal(hex(server.expectedClientMac), outputs.KE3);
      assert.equal(hex(server.sessionKey), outputs.session_key);
      const client = await opaqueGenerateKe3({
        ...names,
        password: at('password'),
        state,
        ke2: server.ke2,
        context,
        ksf: identity,
      });
      assert.equal(hex(client.ke3), outputs.KE3);
      assert.equal(hex(client.sessionKey), outputs.session_key);
      assert.equal(hex(client.exportKey), outputs.export_key);
      assert.deepEqual(client.serverPublicKey, serverPublicKey);
    });

    test('intermediates of the envelope', async () => {
      const evaluated = oprfEvaluate(oprfKey, fromHex(outputs.registration_request as string));
      const oprfOutput = oprfFinalize(at('password'), at('blind_registration'), evaluated);
      const password = await randomizedPassword(oprfOutput, identity);
      assert.equal(hex(password), intermediates.randomized_password);
      assert.equal(hex(maskingKey(password)), intermediates.masking_key);
      const keys = envelopeKeys(password, at('envelope_nonce'));
      assert.equal(hex(keys.authKey), intermediates.auth_key);
      assert.equal(hex(keys.clientPublicKey), intermediates.client_public_key);
      assert.equal(hex(sealEnvelope(keys, at('envelope_nonce'), serverPublicKey, names)), intermediates.envelope);
    });

    test('intermediates of the key exchange', () => {
      const server = deriveDhKeyPair(at('server_keyshare_seed'));
      const clientShare = deriveDhKeyPair(at('client_keyshare_seed')).publicKey;
      const clientPublicKey = fromHex(intermediates.client_public_key as string);
      const keys = sessionKeys(
        [
          group.multiply(server.privateKey, clientShare),
          group.multiply(at('server_private_key'), clientShare),
          group.multiply(server.privateKey, clientPublicKey),
        ],
        {
          context,
          clientIdentity: names.clientIdentity ?? clientPublicKey,
          ke1: fromHex(outputs.KE1 as string),
          serverIdentity: names.serverIdentity ?? serverPublicKey,
          ke2Inner: fromHex(outputs.KE2 as string).slice(0, 256),
        },
      );
      assert.equal(hex(keys.handshakeSecret), intermediates.handshake_secret);
      assert.equal(hex(keys.serverMacKey), intermediates.server_mac_key);
      assert.equal(hex(keys.clientMacKey), intermediates.client_mac_key);
      assert.equal(hex(keys.sessionKey), outputs.session_key);
      assert.equal(hex(keys.serverMac), (outputs.KE2 as string).slice(512));
      assert.equal(hex(keys.clientMac), outputs.KE3);
    });
  });
}

for (const vector of fake) {
  test('C.2.1: the answer for a user who never registered', () => {
    const inputs = hexValues(vector.inputs) as Record<string, Uint8Array>;
    const at = (name: string): Uint8Array => inputs[name] as Uint8Array;
    const { ke2 } = opaqueGenerateKe2({
      ke1: at('KE1'),
      record: concat(at('client_public_key'), at('masking_key'), new Uint8Array(96)),
      oprfKey: oprfKeyOf(inputs),
      serverPrivateKey: at('server_private_key'),
      serverPublicKey: at('server_public_key'),
      serverIdentity: at('server_identity'),
      clientIdentity: at('client_identity'),
      context: fromHex(vector.config.Context as string),
      entropy: scripted(at('masking_nonce'), at('server_nonce'), at('server_keyshare_seed')),
    });
    assert.equal(hex(ke2), vector.outputs.KE2);
  });
}
