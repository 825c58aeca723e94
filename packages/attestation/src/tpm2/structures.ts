import { concat } from '@coffer/base';
import { ByteReader } from '@coffer/wire';
import { AttestationError } from '../errors.js';
import { malformedUnless } from '../quote.js';

/** Constants of TPM 2.0 Library, Part 2: Structures, §6. */
const generatedMagic = 0xff544347;
const attestQuote = 0x8018;
const algSha256 = 0x000b;
const algNull = 0x0010;
const algEcdsa = 0x0018;
const algEcc = 0x0023;
const curveP256 = 0x0003;

/** TPMA_OBJECT (§8.3) of an attestation key: these bits, and no others. */
const keyAttributes =
  (1 << 1) | // fixedTPM
  (1 << 4) | // fixedParent
  (1 << 5) | // sensitiveDataOrigin: made in the TPM
  (1 << 6) | // userWithAuth
  (1 << 16) | // restricted: signs nothing that looks like a TPM's and is not
  (1 << 18); // sign, and not decrypt

/** TPMS_QUOTE_INFO with what qualifies it (§10.12). */
export interface TpmQuote {
  /** Qualifying data: what the TPM was asked to sign along. */
  readonly extraData: Uint8Array;
  /** Indexes of the selected PCRs of the SHA-256 bank, ascending. */
  readonly pcrIndexes: readonly number[];
  readonly pcrDigest: Uint8Array;
}

/**
 * Reads a TPMS_ATTEST that says of itself that a TPM made it. Worth something only under the signature of a restricted key,
 * which signs nothing with that magic number that its TPM has not made.
 * @throws AttestationError `malformed`, `not-a-quote`.
 */
export function readTpmQuote(attest: Uint8Array): TpmQuote {
  return malformedUnless(() => {
    const reader = new ByteReader(attest);
    if (reader.uint(4) !== generatedMagic || reader.uint(2) !== attestQuote) {
      throw new AttestationError('not-a-quote', 'what was signed is not a quote that a TPM has made');
    }
    sized(reader); // qualifiedSigner
    const extraData = sized(reader);
    reader.bytes(8 + 4 + 4 + 1 + 8); // clockInfo, firmwareVersion
    const banks = reader.uint(4);
    const isSha256 = banks === 1 && reader.uint(2) === algSha256;
    if (!isSha256) throw new AttestationError('not-a-quote', 'the quote is not over the SHA-256 bank alone');
    const pcrIndexes = selected(reader.bytes(reader.uint(1)));
    const pcrDigest = sized(reader);
    reader.finish();
    return { extraData, pcrIndexes, pcrDigest };
  });
}

/** @returns a TPMT_SIGNATURE (§11.3.4) of ECDSA with SHA-256 as r ‖ s, 64 bytes. @throws AttestationError `malformed`, `bad-signature`. */
export function readTpmSignature(signature: Uint8Array): Uint8Array {
  return malformedUnless(() => {
    const reader = new ByteReader(signature);
    if (reader.uint(2) !== algEcdsa || reader.uint(2) !== algSha256) {
      throw new AttestationError('bad-signature', 'not an ECDSA signature with SHA-256');
    }
    const [r, s] = [number32(reader), number32(reader)];
    reader.finish();
    return concat(r, s);
  });
}

/**
 * Reads a TPM2B_PUBLIC (§12.2) of a restricted ECDSA P-256 signing key that its TPM made and keeps. All but the point is fixed,
 * so the certificate of the point is one of the whole; that the point's key is such a one is what its issuer vouches for.
 * @returns the point: 4 ‖ x ‖ y, 65 bytes. @throws AttestationError `malformed`, `wrong-key`.
 */
export function readAttestationKey(sizedPublic: Uint8Array): Uint8Array {
  return malformedUnless(() => {
    const whole = new ByteReader(sizedPublic);
    const reader = new ByteReader(sized(whole));
    whole.finish();
    const [type, nameAlgorithm, attributes] = [reader.uint(2), reader.uint(2), reader.uint(4)];
    if (sized(reader).length > 0) wrongKey(); // authPolicy
    const parameters = [reader.uint(2), reader.uint(2)];
    if (type !== algEcc || nameAlgorithm !== algSha256 || parameters[0] !== algNull || parameters[1] !== algEcdsa)
      wrongKey();
    const [hash, curve, kdf] = [reader.uint(2), reader.uint(2), reader.uint(2)];
    if (hash !== algSha256 || curve !== curveP256 || kdf !== algNull) wrongKey();
    if (attributes !== keyAttributes) wrongKey();
    const [x, y] = [number32(reader), number32(reader)];
    reader.finish();
    return concat(Uint8Array.of(4), x, y);
  });
}

function wrongKey(): never {
  throw new AttestationError('wrong-key', 'the signer is no restricted signing key that stays in its TPM');
}

/** TPM2B: u16 length ‖ bytes. */
function sized(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.uint(2));
}

/** TPM2B of a number below 2^256, as 32 bytes. */
function number32(reader: ByteReader): Uint8Array {
  const bytes = sized(reader);
  if (bytes.length > 32) throw new AttestationError('malformed', 'a number of over 32 bytes');
  const padded = new Uint8Array(32);
  padded.set(bytes, 32 - bytes.length);
  return padded;
}

/** Bit i of byte j stands for PCR 8j + i. */
function selected(map: Uint8Array): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < 8 * map.length; index++) {
    if ((((map[index >> 3] as number) >> (index & 7)) & 1) === 1) indexes.push(index);
  }
  return indexes;
}
