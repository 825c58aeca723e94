import { concat, utf8 } from '@coffer/base';
import { ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { artifactDigest } from '@coffer/transparency';

const label = utf8('coffer/audit-request/v1\0');

/** `label ‖ SHA-256(artifact)`: what an operator key signs to have an artifact audited. */
const auditRequestMessage = (artifact: Uint8Array): Uint8Array => concat(label, artifactDigest(artifact));

/** @param seed - the operator's 32 bytes. @returns 64 bytes. */
export const signAuditRequest = (artifact: Uint8Array, seed: Uint8Array): Uint8Array =>
  ed25519Sign(seed, auditRequestMessage(artifact));

export const isAuditRequestSignature = (artifact: Uint8Array, key: Uint8Array, signature: Uint8Array): boolean =>
  isEd25519Signature(key, auditRequestMessage(artifact), signature);
