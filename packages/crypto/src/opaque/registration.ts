import { concat, type Entropy, zero } from '@coffer/base';
import { requireLength } from '../errors.js';
import { requireElement } from '../group/validation.js';
import { oprfBlind, oprfFinalize } from '../oprf/oprf.js';
import { envelopeKeys, type KeyStretching, maskingKey, randomizedPassword, sealEnvelope } from './envelope.js';
import type { OpaqueIdentities } from './identities.js';
import { keyBytes, nonceBytes, opaqueRegistrationResponseBytes } from './sizes.js';

/**
 * CreateRegistrationRequest (RFC 9807 §5.2.1).
 * @param entropy - gives 64 bytes, the blind. @returns the blind, to keep, and 32 bytes to send.
 */
export function opaqueRegistrationRequest(
  password: Uint8Array,
  entropy: Entropy,
): { blind: Uint8Array; request: Uint8Array } {
  const { blind, blindedElement } = oprfBlind(password, entropy);
  return { blind, request: blindedElement };
}

/** What {@link opaqueFinalizeRegistration} takes. */
export interface FinalizeRegistrationInput extends OpaqueIdentities {
  readonly password: Uint8Array;
  /** From {@link opaqueRegistrationRequest}. */
  readonly blind: Uint8Array;
  /** 64 bytes. */
  readonly response: Uint8Array;
  readonly ksf: KeyStretching;
  /** Gives the envelope nonce, 32 bytes. */
  readonly entropy: Entropy;
}

/**
 * FinalizeRegistrationRequest (RFC 9807 §5.2.3).
 * @returns the record for the server (192 bytes), the export key (64 bytes, known to nobody else), and the server's
 * public key as it came: a client that knows the right one compares.
 * @throws CryptoError `bad-length`, `bad-element`, `bad-scalar`; whatever `ksf` throws.
 */
export async function opaqueFinalizeRegistration(
  input: FinalizeRegistrationInput,
): Promise<{ record: Uint8Array; exportKey: Uint8Array; serverPublicKey: Uint8Array }> {
  requireLength(input.response, opaqueRegistrationResponseBytes, 'registration response');
  const serverPublicKey = input.response.slice(keyBytes);
  requireElement(serverPublicKey, 'server public key');
  const oprfOutput = oprfFinalize(input.password, input.blind, input.response.subarray(0, keyBytes));
  const randomized = await randomizedPassword(oprfOutput, input.ksf);
  const nonce = input.entropy.bytes(nonceBytes);
  const keys = envelopeKeys(randomized, nonce);
  const envelope = sealEnvelope(keys, nonce, serverPublicKey, input);
  const record = concat(keys.clientPublicKey, maskingKey(randomized), envelope);
  zero(randomized, keys.authKey, keys.clientPrivateKey);
  return { record, exportKey: keys.exportKey, serverPublicKey };
}
