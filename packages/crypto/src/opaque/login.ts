import { concat, type Entropy, equalBytes, zero } from '@coffer/base';
import { group } from '#group';
import { CryptoError, requireLength } from '../errors.js';
import { requireElement, requireScalar } from '../group/validation.js';
import { oprfBlind, oprfFinalize } from '../oprf/oprf.js';
import { maskCredentials } from './credential-response.js';
import { type KeyStretching, maskingKey, openEnvelope, randomizedPassword } from './envelope.js';
import type { OpaqueIdentities } from './identities.js';
import { forgetHandshake, type SessionKeys, sessionKeys } from './key-exchange.js';
import { deriveDhKeyPair } from './key-pair.js';
import { credentialResponseBytes, hashBytes, ke1Bytes, ke2Bytes, keyBytes, nonceBytes, seedBytes } from './sizes.js';

/** What a client keeps between KE1 and KE3. All secret but `ke1`; whoever has it can finish the same login. */
export interface Ke1State {
  /** OPRF blind, 32 bytes. */
  readonly blind: Uint8Array;
  /** Private key of the key share, 32 bytes. */
  readonly clientSecret: Uint8Array;
  /** The message as sent, 96 bytes. */
  readonly ke1: Uint8Array;
}

/**
 * GenerateKE1 (RFC 9807 §6.2.1).
 * @param entropy - gives the blind (64 bytes), client nonce (32), client key share seed (32), in this order.
 */
export function opaqueGenerateKe1(password: Uint8Array, entropy: Entropy): { state: Ke1State; ke1: Uint8Array } {
  const { blind, blindedElement } = oprfBlind(password, entropy);
  const nonce = entropy.bytes(nonceBytes);
  const seed = entropy.bytes(seedBytes);
  const share = deriveDhKeyPair(seed);
  zero(seed);
  const ke1 = concat(blindedElement, nonce, share.publicKey);
  return { state: { blind, clientSecret: share.privateKey, ke1: ke1.slice() }, ke1 };
}

/** What {@link opaqueGenerateKe3} takes. */
export interface Ke3Input extends OpaqueIdentities {
  readonly password: Uint8Array;
  readonly state: Ke1State;
  /** 320 bytes. */
  readonly ke2: Uint8Array;
  /** The server's, at most 65,535 bytes. */
  readonly context: Uint8Array;
  readonly ksf: KeyStretching;
}

/** What a successful login gives the client. */
export interface Ke3Result {
  /** 64 bytes to send. */
  readonly ke3: Uint8Array;
  /** 64 bytes. */
  readonly sessionKey: Uint8Array;
  /** 64 bytes; the same as at the registration. */
  readonly exportKey: Uint8Array;
  /** 32 bytes; the same as at the registration. */
  readonly serverPublicKey: Uint8Array;
}

/**
 * GenerateKE3 (RFC 9807 §6.2.3).
 * @throws CryptoError `wrong-password` when the envelope or the server's MAC does not verify; `bad-length`,
 * `bad-element`, `bad-scalar` for malformed input; whatever `ksf` throws.
 */
export async function opaqueGenerateKe3(input: Ke3Input): Promise<Ke3Result> {
  const { state, ke2 } = input;
  requireLength(ke2, ke2Bytes, 'KE2');
  requireLength(state.ke1, ke1Bytes, 'KE1');
  requireScalar(state.clientSecret, 'client secret');
  const ke2Inner = ke2.subarray(0, ke2Bytes - hashBytes);
  const serverKeyShare = requireElement(ke2Inner.subarray(credentialResponseBytes + nonceBytes), 'server key share');

  const oprfOutput = oprfFinalize(input.password, state.blind, ke2.subarray(0, keyBytes));
  const randomized = await randomizedPassword(oprfOutput, input.ksf);
  const key = maskingKey(randomized);
  const maskingNonce = ke2.subarray(keyBytes, keyBytes + nonceBytes);
  const credentials = maskCredentials(key, maskingNonce, ke2.subarray(keyBytes + nonceBytes, credentialResponseBytes));
  const serverPublicKey = credentials.slice(0, keyBytes);
  try {
    const envelope = openEnvelope(randomized, credentials.subarray(keyBytes), serverPublicKey, input);
    requireElement(serverPublicKey, 'server public key');
    const keys = sessionKeys(
      [
        group.multiply(state.clientSecret, serverKeyShare),
        group.multiply(state.clientSecret, serverPublicKey),
        group.multiply(envelope.clientPrivateKey, serverKeyShare),
      ],
      {
        context: input.context,
        clientIdentity: input.clientIdentity ?? envelope.clientPublicKey,
        ke1: state.ke1,
        serverIdentity: input.serverIdentity ?? serverPublicKey,
        ke2Inner,
      },
    );
    zero(envelope.authKey, envelope.clientPrivateKey);
    return finish(keys, ke2.subarray(ke2Bytes - hashBytes), envelope.exportKey, serverPublicKey);
  } finally {
    zero(randomized, key, credentials);
  }
}

function finish(
  keys: SessionKeys,
  serverMac: Uint8Array,
  exportKey: Uint8Array,
  serverPublicKey: Uint8Array,
): Ke3Result {
  forgetHandshake(keys);
  if (!equalBytes(keys.serverMac, serverMac)) {
    zero(keys.sessionKey, keys.clientMac, exportKey);
    throw new CryptoError('wrong-password', 'server MAC does not verify');
  }
  return { ke3: keys.clientMac, sessionKey: keys.sessionKey, exportKey, serverPublicKey };
}
