import { concat, u64be, utf8 } from '@coffer/base';
import { ed25519Sign, isEd25519Signature, sha256 } from '@coffer/crypto';
import { TransparencyError } from '../errors.js';

/** What the operator counter-signs. */
export interface Countersigned {
  /** Bytes of the Plexi message. */
  readonly auditorMessage: Uint8Array;
  /** 64 bytes. */
  readonly auditorSignature: Uint8Array;
  /** 32 bytes. */
  readonly auditorKey: Uint8Array;
  /** Evidence digests, 32 bytes each, in the artifact's order. */
  readonly evidence: readonly Uint8Array[];
  /** Milliseconds since 1970 after which no client takes the bundle. */
  readonly notAfterMs: number;
}

/** Both of the operator's signatures, 64 bytes each. */
export interface Countersignatures {
  /** (a) over the auditor's 64 signature bytes alone: the form of HSM counter-signatures elsewhere. */
  readonly compatible: Uint8Array;
  /** (b) over {@link countersignMessage}: what Coffer's clients require. */
  readonly full: Uint8Array;
}

const label = utf8('coffer/countersign/v1\0');

/**
 * `label ‖ SHA-256(auditor message) ‖ auditor signature ‖ auditor key ‖ SHA-256(evidence digests) ‖ u64 notAfter`. It
 * binds what (a) leaves open: which key signed, the evidence, and how long the statement holds.
 */
export function countersignMessage(signed: Countersigned): Uint8Array {
  return concat(
    label,
    sha256(signed.auditorMessage),
    signed.auditorSignature,
    signed.auditorKey,
    sha256(...signed.evidence),
    u64be(BigInt(signed.notAfterMs)),
  );
}

/** @param seed - the operator's 32 bytes. */
export function countersign(signed: Countersigned, seed: Uint8Array): Countersignatures {
  return {
    compatible: ed25519Sign(seed, signed.auditorSignature),
    full: ed25519Sign(seed, countersignMessage(signed)),
  };
}

/** @throws TransparencyError `bad-operator-signature` unless both verify. */
export function verifyCountersignatures(signed: Countersigned, key: Uint8Array, signatures: Countersignatures): void {
  if (!isEd25519Signature(key, countersignMessage(signed), signatures.full))
    throw new TransparencyError('bad-operator-signature', 'the operator’s signature does not verify');
  if (!isEd25519Signature(key, signed.auditorSignature, signatures.compatible))
    throw new TransparencyError('bad-operator-signature', 'the operator’s compatible signature does not verify');
}
