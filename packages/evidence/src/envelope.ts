import { base64, concat, hex, utf8 } from '@coffer/base';
import { ed25519PublicKey, ed25519Sign, isEd25519Signature } from '@coffer/crypto';
import { encodeCanonicalJson, JsonForm } from '@coffer/wire';
import { EvidenceError, fail } from './errors.js';
import { envelopeSignaturesMax, evidenceFileBytesMax } from './limits.js';

/** DSSE's name for what is inside. */
export const inTotoPayloadType = 'application/vnd.in-toto+json';

/** A key's 64-byte Ed25519 signature. */
export interface RoleSignature {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

/** A DSSE envelope (github.com/secure-systems-lab/dsse, protocol and envelope 1.0.2). Decoded, nothing is checked. */
export interface Envelope {
  readonly payload: Uint8Array;
  /** 1 to 8, ascending by key. */
  readonly signatures: readonly RoleSignature[];
}

const form = new JsonForm((what, cause) => new EvidenceError('bad-statement', what, { cause }));

/** `PAE(payloadType, payload)`: the bytes that are signed. */
export function envelopeMessage(payload: Uint8Array): Uint8Array {
  const type = utf8(inTotoPayloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** @param seed - 32 bytes. */
export const signEnvelope = (payload: Uint8Array, seed: Uint8Array): RoleSignature => ({
  key: ed25519PublicKey(seed),
  signature: ed25519Sign(seed, envelopeMessage(payload)),
});

/** Canonical JSON; `keyid` is the public key in hexadecimal. @throws EvidenceError `bad-statement` over a limit. */
export function encodeEnvelope({ payload, signatures }: Envelope): Uint8Array {
  const bytes = encodeCanonicalJson({
    payloadType: inTotoPayloadType,
    payload: base64(payload),
    signatures: signatures
      .map(({ key, signature }) => ({ keyid: hex(key), sig: base64(signature) }))
      .sort((a, b) => (a.keyid < b.keyid ? -1 : 1)),
  });
  decodeEnvelope(bytes);
  return bytes;
}

/** @throws EvidenceError `bad-statement`. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const top = form.object(form.parse(bytes, evidenceFileBytesMax), ['payloadType', 'payload', 'signatures']);
  if (top.payloadType !== inTotoPayloadType) form.fail('another type of payload');
  const lines = form.list(top.signatures, envelopeSignaturesMax).map((json) => form.object(json, ['keyid', 'sig']));
  const keys = form.ascendingHex(
    lines.map(({ keyid }) => keyid),
    32,
    envelopeSignaturesMax,
  );
  return {
    payload: form.base64Bytes(top.payload, evidenceFileBytesMax),
    signatures: lines.map(({ sig }, i) => {
      const signature = form.base64Bytes(sig, 64);
      if (signature.length !== 64) form.fail('a signature of another length');
      return { key: keys[i] as Uint8Array, signature };
    }),
  };
}

/**
 * Checks all signatures of an envelope.
 * @param roleKeys - who may sign it.
 * @returns the payload.
 * @throws EvidenceError `unknown-role`, `bad-signature`.
 */
export function verifyEnvelope({ payload, signatures }: Envelope, roleKeys: readonly Uint8Array[]): Uint8Array {
  const known = new Set(roleKeys.map(hex));
  for (const { key, signature } of signatures) {
    if (!known.has(hex(key))) fail('unknown-role', 'signed by a key that the trust root does not name for this');
    if (!isEd25519Signature(key, envelopeMessage(payload), signature)) {
      fail('bad-signature', 'a signature does not verify');
    }
  }
  return payload;
}
