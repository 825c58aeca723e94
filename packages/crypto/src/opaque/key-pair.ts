import { utf8 } from '@coffer/base';
import { group } from '#group';
import { requireScalar } from '../group/validation.js';
import { oprfDeriveKeyPair } from '../oprf/ciphersuite.js';

const deriveInfo = utf8('OPAQUE-DeriveDiffieHellmanKeyPair');

/** DeriveDiffieHellmanKeyPair (RFC 9807 §2.1 and §6.4.1.1) of a 32-byte seed. */
export function deriveDhKeyPair(seed: Uint8Array): { privateKey: Uint8Array; publicKey: Uint8Array } {
  return oprfDeriveKeyPair(seed, deriveInfo);
}

/** The 32-byte public key of a server's private scalar. @throws CryptoError `bad-scalar`. */
export function opaqueServerPublicKey(privateKey: Uint8Array): Uint8Array {
  return group.multiplyBase(requireScalar(privateKey, 'server private key'));
}
