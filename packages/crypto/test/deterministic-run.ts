import { hex, utf8 } from '@coffer/base';
import {
  aes256gcmSeal,
  argon2id,
  ed25519PublicKey,
  ed25519Sign,
  hkdf,
  hmacSha512,
  hpkeSetupReceiver,
  hpkeSetupSender,
  isEd25519Signature,
  opaqueFinalizeRegistration,
  opaqueGenerateKe1,
  opaqueGenerateKe2,
  opaqueGenerateKe3,
  opaqueRegistrationRequest,
  opaqueRegistrationResponse,
  opaqueServerPublicKey,
  oprfRandomKey,
  sealCommitting,
  sha256,
  xwingKeyPair,
} from '@coffer/crypto';

/** Every export with one seed for all entropy, as hexadecimal: equal in Node and in a browser. */
export async function deterministicRun(): Promise<Record<string, string | boolean>> {
  let drawn = 0;
  const entropy = {
    bytes: (length: number) => hkdf('sha512', utf8('salt'), Uint8Array.of(drawn++), utf8('entropy'), length),
  };
  const [key, text] = [sha256(utf8('key')), utf8('text')];
  const signature = ed25519Sign(key, text);
  const pair = xwingKeyPair(key);
  const { enc, context } = hpkeSetupSender(pair.publicKey, text, entropy);
  const sealed = context.seal(text, text);
  const opened = hpkeSetupReceiver(pair.secretKey, enc, text).open(text, sealed);

  const oprfKey = oprfRandomKey(entropy);
  const serverPrivateKey = oprfRandomKey(entropy);
  const serverPublicKey = opaqueServerPublicKey(serverPrivateKey);
  const ksf = (password: Uint8Array): Promise<Uint8Array> =>
    argon2id({ password, salt: key, memoryKiB: 64, passes: 1, lanes: 4, lengthBytes: 64 });
  const registration = opaqueRegistrationRequest(text, entropy);
  const response = opaqueRegistrationResponse({ request: registration.request, oprfKey, serverPublicKey });
  const { blind } = registration;
  const { record, exportKey } = await opaqueFinalizeRegistration({ password: text, blind, response, ksf, entropy });
  const { state, ke1 } = opaqueGenerateKe1(text, entropy);
  const server = opaqueGenerateKe2({
    ke1,
    record,
    oprfKey,
    serverPrivateKey,
    serverPublicKey,
    context: text,
    entropy,
  });
  const client = await opaqueGenerateKe3({ password: text, state, ke2: server.ke2, context: text, ksf });
  return {
    publicKey: hex(ed25519PublicKey(key)),
    signature: hex(signature),
    isSignature: isEd25519Signature(ed25519PublicKey(key), text, signature),
    mac: hex(hmacSha512(key, text)),
    gcm: hex(aes256gcmSeal(key, new Uint8Array(12), text, text)),
    committing: hex(sealCommitting(key, text, text, text, entropy)),
    xwing: hex(pair.publicKey),
    enc: hex(enc),
    hpke: hex(sealed),
    opened: hex(opened),
    exported: hex(context.exportSecret(text, 32)),
    record: hex(record),
    exportKey: hex(exportKey),
    ke2: hex(server.ke2),
    ke3: hex(client.ke3),
    sessionKey: hex(client.sessionKey),
  };
}
