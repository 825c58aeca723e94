import { equalBytes } from '@coffer/base';
import { p256 } from '@noble/curves/nist.js';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  BasicConstraints,
  ExtendedKeyUsage,
  type Extension,
  KeyUsage,
  KeyUsageFlags,
  Certificate as X509,
} from '@peculiar/asn1-x509';
import { AttestationError } from '../errors.js';

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const ecPublicKey = '1.2.840.10045.2.1';
/** DER of the object identifier 1.2.840.10045.3.1.7, P-256. */
const p256Parameters = Uint8Array.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07);
const basicConstraintsId = '2.5.29.19';
const keyUsageId = '2.5.29.15';
const extendedKeyUsageId = '2.5.29.37';
/** tcg-kp-AIKCertificate: the issuer has seen that the key is an attestation key of a TPM (TCG Credential Profile). */
export const attestationKeyUsage = '2.23.133.8.3';

/** The part of an X.509 certificate (RFC 5280) that counts here; everything is ECDSA on P-256 with SHA-256. */
export interface Certificate {
  readonly signedBytes: Uint8Array;
  /** DER of ECDSA-Sig-Value. */
  readonly signature: Uint8Array;
  /** DER of the names, compared byte by byte. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** 4 ‖ x ‖ y, 65 bytes. */
  readonly publicKey: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
  /** CAs that may follow below it. */
  readonly pathLengthMax: number;
  readonly usage: number;
  readonly extendedUsages: readonly string[];
}

/** @throws AttestationError `bad-certificate`: not DER, another algorithm, or a critical extension that is not known here. */
export function readCertificate(der: Uint8Array): Certificate {
  const certificate = parse(der, X509);
  // The library also reads BER. One certificate has one encoding, or parts that nobody has signed could be varied.
  if (!equalBytes(new Uint8Array(AsnConvert.serialize(certificate)), der)) {
    throw new AttestationError('bad-certificate', 'a certificate is not DER');
  }
  const { tbsCertificate: signed, tbsCertificateRaw: raw, signatureAlgorithm, signatureValue } = certificate;
  const { algorithm, subjectPublicKey } = signed.subjectPublicKeyInfo;
  const publicKey = new Uint8Array(subjectPublicKey);
  const isP256 = algorithm.algorithm === ecPublicKey && equalBytes(bytesOf(algorithm.parameters), p256Parameters);
  const isEcdsa = [signatureAlgorithm, signed.signature].every((each) => each.algorithm === ecdsaWithSha256);
  if (!isP256 || !isEcdsa || publicKey.length !== 65 || publicKey[0] !== 4 || raw === undefined) {
    throw new AttestationError('bad-certificate', 'a certificate is not ECDSA on P-256 with SHA-256 all through');
  }
  const extensions = readExtensions(signed.extensions ?? []);
  return {
    signedBytes: new Uint8Array(raw),
    signature: new Uint8Array(signatureValue),
    issuer: new Uint8Array(AsnConvert.serialize(signed.issuer)),
    subject: new Uint8Array(AsnConvert.serialize(signed.subject)),
    publicKey,
    notBeforeMs: signed.validity.notBefore.getTime().getTime(),
    notAfterMs: signed.validity.notAfter.getTime().getTime(),
    ...extensions,
  };
}

/** Whether `signature`, r ‖ s or its DER, is one of `publicKey` over SHA-256 of `message`. TPMs use high s as well as low. */
export function isP256Signature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  format: 'compact' | 'der',
): boolean {
  try {
    return p256.verify(signature, message, publicKey, { format, lowS: false, prehash: true });
  } catch {
    // A point off the curve, or a signature that is none.
    return false;
  }
}

function readExtensions(
  list: Iterable<Extension>,
): Pick<Certificate, 'isAuthority' | 'pathLengthMax' | 'usage' | 'extendedUsages'> {
  const seen = new Set<string>();
  const found = {
    isAuthority: false,
    pathLengthMax: Number.POSITIVE_INFINITY,
    usage: 0,
    extendedUsages: [] as string[],
  };
  for (const { extnID, critical, extnValue } of list) {
    if (seen.has(extnID)) throw new AttestationError('bad-certificate', 'a certificate has an extension twice');
    seen.add(extnID);
    const value = new Uint8Array(extnValue.buffer);
    if (extnID === basicConstraintsId) {
      const { cA, pathLenConstraint } = parse(value, BasicConstraints);
      found.isAuthority = cA;
      found.pathLengthMax = pathLenConstraint ?? Number.POSITIVE_INFINITY;
    } else if (extnID === keyUsageId) {
      found.usage = parse(value, KeyUsage).toNumber();
    } else if (extnID === extendedKeyUsageId) {
      found.extendedUsages = [...parse(value, ExtendedKeyUsage)];
    } else if (critical) {
      // It may forbid exactly this use (RFC 5280 §4.2).
      throw new AttestationError('bad-certificate', 'a certificate has a critical extension that is not known here');
    }
  }
  return found;
}

/** May sign certificates; and may sign other things. */
export const keyCertSign = KeyUsageFlags.keyCertSign;
export const digitalSignature = KeyUsageFlags.digitalSignature;

function parse<T>(der: Uint8Array, type: new () => T): T {
  try {
    return AsnConvert.parse(der, type);
  } catch (cause) {
    throw new AttestationError('bad-certificate', 'a certificate does not decode', { cause });
  }
}

function bytesOf(parameters: ArrayBuffer | null | undefined): Uint8Array {
  return new Uint8Array(parameters ?? new ArrayBuffer(0));
}
