import {
  type ClientTrust,
  encodeFraudProof,
  fraudOfBundle,
  TransparencyError,
  type TrustRoot,
  verifyFraudProof,
} from '@coffer/transparency';

/**
 * A fraud proof in a bundle that was refused, if there is one. It counts only when it verifies: anybody can send a bundle
 * with an unsigned checkpoint that contradicts ours, and that accuses nobody.
 * @returns the file, or undefined.
 */
export function provenFraud(trust: ClientTrust, bundle: Uint8Array, trustRoot: TrustRoot): Uint8Array | undefined {
  try {
    const proof = fraudOfBundle(trust, bundle);
    if (proof === undefined) return undefined;
    const file = encodeFraudProof(proof);
    verifyFraudProof(file, trustRoot);
    return file;
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
}
