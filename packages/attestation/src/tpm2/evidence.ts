import { bytes, decode, encode, fixed, list, struct, u8 } from '@coffer/wire';
import { malformedUnless, type Quote } from '../quote.js';

/** PCRs of a TPM's SHA-256 bank. */
export const pcrCount = 24;
/** Certificates from the attestation key's up to the one that a pinned root has signed. */
export const chainMax = 4;
const certificateBytesMax = 3072;

export interface Pcr {
  /** 0 to 23. */
  readonly index: number;
  /** 32 bytes, of the SHA-256 bank. */
  readonly value: Uint8Array;
}

/** What a `tpm2` quote carries, in the TPM's own encodings (TPM 2.0 Library, Part 2: Structures). */
export interface Tpm2Evidence {
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  /** TPM2B_PUBLIC of the attestation key. */
  readonly attestationKey: Uint8Array;
  /** Values of the quoted PCRs, in ascending order. */
  readonly pcrs: readonly Pcr[];
  /** DER certificates: the attestation key's, then each one's issuer; without the root. */
  readonly chain: readonly Uint8Array[];
}

const layout = struct<Tpm2Evidence>({
  attest: bytes(1024),
  signature: bytes(256),
  attestationKey: bytes(512),
  pcrs: list(struct<Pcr>({ index: u8, value: fixed(32) }), pcrCount),
  chain: list(bytes(certificateBytesMax), chainMax),
});

export const tpm2Type = 'tpm2';

export const makeTpm2Quote = (evidence: Tpm2Evidence): Quote => ({
  type: tpm2Type,
  evidence: encode(layout, evidence),
});

/** @throws AttestationError `malformed`. */
export const decodeTpm2Evidence = (evidence: Uint8Array): Tpm2Evidence =>
  malformedUnless(() => decode(layout, evidence));
