import { equalBytes, hex } from '@coffer/base';
import type { Json } from '@coffer/wire';
import { TransparencyError } from '../errors.js';
import { JsonForm } from '../json.js';
import { encodePlexiMessage, type PlexiMessage, plexiKeyId, verifyPlexiSignature } from './plexi.js';

/** The answer to `GET /namespaces/{ns}/audits/{epoch}`: what the auditor says it signed. */
export interface PlexiAnswer {
  readonly message: PlexiMessage;
  /** 64 bytes over the message's encoding. */
  readonly signature: Uint8Array;
  /** Last byte of the key that signed. */
  readonly keyId: number;
}

const form = new JsonForm('bad-plexi');
const names = [
  'version',
  'ciphersuite',
  'namespace',
  'timestamp',
  'epoch',
  'digest',
  'signature',
  'key_id',
  'serialized_message',
] as const;

/** The JSON of the API, field by field as Cloudflare's auditor has it. */
export function plexiAnswerJson({ message, signature, keyId }: PlexiAnswer): Record<(typeof names)[number], Json> {
  const { suite, namespace, timestampMs, epoch, digest } = message;
  return {
    version: suite,
    ciphersuite: suite,
    namespace,
    timestamp: timestampMs,
    epoch,
    digest: hex(digest),
    signature: hex(signature),
    key_id: keyId,
    serialized_message: hex(encodePlexiMessage(message)),
  };
}

/**
 * Reads that JSON; the serialized message has to be that of the other fields.
 * @throws TransparencyError `bad-plexi`. No signature is checked.
 */
export function parsePlexiAnswer(json: Json): PlexiAnswer {
  const fields = form.object(json, names);
  const suite = form.integer(fields.ciphersuite, 1, 2) as 1 | 2;
  if (fields.version !== suite) form.fail('a version other than the suite');
  const message: PlexiMessage = {
    suite,
    namespace: form.text(fields.namespace, /^.{1,255}$/u),
    timestampMs: form.integer(fields.timestamp, 0),
    epoch: form.integer(fields.epoch, 0),
    digest: form.hexBytes(fields.digest, 32),
  };
  const serialized = form.anyHex(fields.serialized_message, 512);
  if (!equalBytes(serialized, encodePlexiMessage(message))) form.fail('fields other than the serialized message');
  return { message, signature: form.hexBytes(fields.signature, 64), keyId: form.integer(fields.key_id, 0, 255) };
}

/**
 * Checks the signature by the one of `auditorKeys` that the answer names.
 * @returns that key. @throws TransparencyError `bad-auditor-signature`.
 */
export function verifyPlexiAnswer(answer: PlexiAnswer, auditorKeys: readonly Uint8Array[]): Uint8Array {
  const key = auditorKeys.find((key) => plexiKeyId(key) === answer.keyId);
  if (key === undefined) throw new TransparencyError('bad-auditor-signature', 'an unknown key id');
  verifyPlexiSignature(encodePlexiMessage(answer.message), key, answer.signature);
  return key;
}
