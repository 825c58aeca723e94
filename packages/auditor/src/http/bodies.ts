import { fromHex, utf8Text } from '@coffer/base';
import { z } from 'zod';
import { AuditorError } from '../errors.js';
import { evidenceFileBytesMax, evidenceFilesMax } from '../limits.js';

/** A request to audit an artifact. */
export interface AuditBody {
  readonly artifact: Uint8Array;
  /** Files by the hexadecimal digest that they are said to have, still in base64. */
  readonly evidence: ReadonlyMap<string, string>;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

/** The operator's word on a signed epoch. */
export interface CountersignatureBody {
  readonly key: Uint8Array;
  readonly compatible: Uint8Array;
  readonly full: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
  readonly trustRootVersion: number;
}

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const digestPattern = /^[0-9a-f]{64}$/;

const auditSchema = z.strictObject({
  artifact: z.string(),
  evidence: z.record(z.string().regex(digestPattern), z.string()),
  requestSignature: z.strictObject({ key: hexOf(32), sig: hexOf(64) }),
});

const countersignatureSchema = z.strictObject({
  key: hexOf(32),
  sigCompat: hexOf(64),
  sig: hexOf(64),
  notAfter: z.int().min(0),
  trustRootVersion: z.int().min(1),
});

/** @throws AuditorError `bad-request`. */
export function parseAuditBody(bytes: Uint8Array): AuditBody {
  const { artifact, evidence, requestSignature } = parsed(bytes, auditSchema);
  const files = new Map(Object.entries(evidence));
  if (files.size > evidenceFilesMax) throw new AuditorError('bad-request', 'too many evidence files');
  return {
    artifact: decodeBase64(artifact),
    evidence: files,
    key: fromHex(requestSignature.key),
    signature: fromHex(requestSignature.sig),
  };
}

/** One file of a request's evidence. @throws AuditorError `bad-request`. */
export function decodeEvidenceFile(text: string): Uint8Array {
  if (text.length > Math.ceil(evidenceFileBytesMax / 3) * 4)
    throw new AuditorError('bad-request', 'a file over its limit');
  const bytes = decodeBase64(text);
  if (bytes.length > evidenceFileBytesMax) throw new AuditorError('bad-request', 'a file over its limit');
  return bytes;
}

/** @throws AuditorError `bad-request`. */
export function parseCountersignatureBody(bytes: Uint8Array): CountersignatureBody {
  const { key, sigCompat, sig, notAfter, trustRootVersion } = parsed(bytes, countersignatureSchema);
  return {
    key: fromHex(key),
    compatible: fromHex(sigCompat),
    full: fromHex(sig),
    notAfterMs: notAfter,
    trustRootVersion,
  };
}

function parsed<T>(bytes: Uint8Array, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(utf8Text(bytes));
  } catch (cause) {
    throw new AuditorError('bad-request', 'not JSON', { cause });
  }
  const result = schema.safeParse(json);
  // The reason would hold bytes of the request.
  if (!result.success) throw new AuditorError('bad-request', 'not the documented form');
  return result.data;
}

/** Standard base64 with padding, in its one spelling. */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new AuditorError('bad-request', 'not base64');
  return new Uint8Array(bytes);
}
