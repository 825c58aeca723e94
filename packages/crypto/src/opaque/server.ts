import { concat, type Entropy, zero } from '@coffer/base';
import { group } from '#group';
import { requireLength } from '../errors.js';
import { requireElement, requireScalar } from '../group/validation.js';
import { oprfEvaluate } from '../oprf/oprf.js';
import { maskCredentials } from './credential-response.js';
import type { OpaqueIdentities } from './identities.js';
import { forgetHandshake, sessionKeys } from './key-exchange.js';
import { deriveDhKeyPair } from './key-pair.js';
import { hashBytes, ke1Bytes, keyBytes, nonceBytes, opaqueRecordBytes, seedBytes } from './sizes.js';

/**
 * A record as a server may store it: 192 bytes whose client public key is a group element.
 * @returns `record`. @throws CryptoError `bad-length`, `bad-element`.
 */
export function verifyOpaqueRecord(record: Uint8Array): Uint8Array {
  requireLength(record, opaqueRecordBytes, 'OPAQUE record');
  requireElement(record.subarray(0, keyBytes), 'client public key');
  return record;
}

/**
 * A KE1 that an evaluation may be charged for: 96 bytes, blinded element and key share are group elements.
 * @returns `ke1`. @throws CryptoError `bad-length`, `bad-element`.
 */
export function verifyKe1(ke1: Uint8Array): Uint8Array {
  requireLength(ke1, ke1Bytes, 'KE1');
  requireElement(ke1.subarray(0, keyBytes), 'blinded element');
  requireElement(ke1.subarray(keyBytes + nonceBytes), 'client key share');
  return ke1;
}

/**
 * CreateRegistrationResponse (RFC 9807 §5.2.2), with the OPRF key given rather than derived from a seed.
 * @param request - 32 bytes. @returns evaluated element ‖ server public key, 64 bytes.
 * @throws CryptoError `bad-element`, `bad-scalar`, `bad-length`.
 */
export function opaqueRegistrationResponse(input: {
  readonly request: Uint8Array;
  readonly oprfKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
}): Uint8Array {
  requireLength(input.serverPublicKey, keyBytes, 'server public key');
  return concat(oprfEvaluate(input.oprfKey, input.request), input.serverPublicKey);
}

/** What {@link opaqueGenerateKe2} takes. */
export interface Ke2Input extends OpaqueIdentities {
  /** 96 bytes. */
  readonly ke1: Uint8Array;
  /** 192 bytes. */
  readonly record: Uint8Array;
  /** A scalar, 32 bytes; that of the registration. */
  readonly oprfKey: Uint8Array;
  readonly serverPrivateKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
  /** Shared by both parties, at most 65,535 bytes. */
  readonly context: Uint8Array;
  /** Gives masking nonce (32 bytes), server nonce (32), server key share seed (32), in this order. */
  readonly entropy: Entropy;
}

/**
 * GenerateKE2 (RFC 9807 §6.2.2): the server's only step with a public-key cost.
 * @returns KE2 (320 bytes); the KE3 that a client with the right password will send (64 bytes), for the caller to
 * compare with `equalBytes`; and the session key (64 bytes), which means nothing before KE3 was compared.
 * @throws CryptoError `bad-length`, `bad-element`, `bad-scalar`.
 */
export function opaqueGenerateKe2(input: Ke2Input): {
  ke2: Uint8Array;
  expectedClientMac: Uint8Array;
  sessionKey: Uint8Array;
} {
  verifyKe1(input.ke1);
  verifyOpaqueRecord(input.record);
  requireScalar(input.serverPrivateKey, 'server private key');
  requireLength(input.serverPublicKey, keyBytes, 'server public key');
  const clientPublicKey = input.record.subarray(0, keyBytes);
  const clientKeyShare = input.ke1.subarray(keyBytes + nonceBytes);

  const evaluated = oprfEvaluate(input.oprfKey, input.ke1.subarray(0, keyBytes));
  const maskingNonce = input.entropy.bytes(nonceBytes);
  const maskingKey = input.record.subarray(keyBytes, keyBytes + hashBytes);
  const credentials = concat(input.serverPublicKey, input.record.subarray(keyBytes + hashBytes));
  const masked = maskCredentials(maskingKey, maskingNonce, credentials);

  const serverNonce = input.entropy.bytes(nonceBytes);
  const seed = input.entropy.bytes(seedBytes);
  const ephemeral = deriveDhKeyPair(seed);
  const ke2Inner = concat(evaluated, maskingNonce, masked, serverNonce, ephemeral.publicKey);
  const keys = sessionKeys(
    [
      group.multiply(ephemeral.privateKey, clientKeyShare),
      group.multiply(input.serverPrivateKey, clientKeyShare),
      group.multiply(ephemeral.privateKey, clientPublicKey),
    ],
    {
      context: input.context,
      clientIdentity: input.clientIdentity ?? clientPublicKey,
      ke1: input.ke1,
      serverIdentity: input.serverIdentity ?? input.serverPublicKey,
      ke2Inner,
    },
  );
  zero(seed, ephemeral.privateKey, credentials);
  forgetHandshake(keys);
  return { ke2: concat(ke2Inner, keys.serverMac), expectedClientMac: keys.clientMac, sessionKey: keys.sessionKey };
}
