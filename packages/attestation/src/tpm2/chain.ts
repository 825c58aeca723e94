import { equalBytes } from '@coffer/base';
import { AttestationError } from '../errors.js';
import {
  attestationKeyUsage,
  type Certificate,
  digitalSignature,
  isP256Signature,
  keyCertSign,
  readCertificate,
} from './certificate.js';

/** A root of certificates that whoever verifies has pinned, and what it stands for. */
export interface Tpm2Root {
  /** DER. Its own signature is not looked at: it is trusted because it is pinned. */
  readonly certificate: Uint8Array;
  /** For people: whose it is. `SIMULATED HARDWARE` for one that certifies software TPMs. */
  readonly name: string;
  /** Whether it certifies attestation keys of hardware only. */
  readonly isHardware: boolean;
}

/**
 * Follows the chain from the attestation key to a pinned root (RFC 5280 §6, as far as there are no policies and no name
 * constraints, which as critical extensions are refused).
 *
 * @param chain - DER, the attestation key's certificate first, without the root.
 * @param publicKey - of the attestation key: the first certificate must be for exactly this one.
 * @returns the root that it leads to.
 * @throws AttestationError `bad-certificate`, `wrong-key`, `not-valid-then`, `untrusted`.
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  publicKey: Uint8Array,
  roots: readonly Tpm2Root[],
  atMs: number,
): Tpm2Root {
  const certificates = chain.map(readCertificate);
  const [first] = certificates;
  if (first === undefined) throw new AttestationError('untrusted', 'there is no certificate for the attestation key');
  // A certificate of another kind of key, from the same issuer, vouches for nothing that a TPM has signed.
  const isForQuotes = (first.usage & digitalSignature) !== 0 && first.extendedUsages.includes(attestationKeyUsage);
  if (!equalBytes(first.publicKey, publicKey) || !isForQuotes || first.isAuthority) {
    throw new AttestationError('wrong-key', 'the certificate is not one of this attestation key');
  }
  for (const [i, certificate] of certificates.entries()) {
    requireValid(certificate, atMs);
    const root = roots.find((each) => isIssuedBy(certificate, readCertificate(each.certificate), i));
    if (root !== undefined) {
      requireValid(readCertificate(root.certificate), atMs);
      if (i !== certificates.length - 1) throw new AttestationError('untrusted', 'the chain goes on beyond its root');
      return root;
    }
    const issuer = certificates[i + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer, i)) break;
  }
  throw new AttestationError('untrusted', 'the certificates do not lead to a pinned root');
}

/** @param between - CAs between `issuer` and the first certificate of the chain. */
function isIssuedBy(certificate: Certificate, issuer: Certificate, between: number): boolean {
  return (
    issuer.isAuthority &&
    between <= issuer.pathLengthMax &&
    (issuer.usage & keyCertSign) !== 0 &&
    equalBytes(certificate.issuer, issuer.subject) &&
    isP256Signature(issuer.publicKey, certificate.signedBytes, certificate.signature, 'der')
  );
}

function requireValid({ notBeforeMs, notAfterMs }: Certificate, atMs: number): void {
  if (atMs >= notBeforeMs && atMs <= notAfterMs) return;
  throw new AttestationError('not-valid-then', 'a certificate was not valid when the quote was made');
}
