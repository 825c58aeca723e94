import { equalBytes, hex, utf8Text } from '@coffer/base';
import {
  decodePlexiMessage,
  encodePlexiMessage,
  type Leaf,
  type PlexiAnswer,
  parsePlexiAnswer,
  plexiKeyId,
} from '@coffer/transparency';
import type { Json } from '@coffer/wire';
import { DoubtError, orDoubt } from './doubt.js';
import type { RootChain } from './root-chain.js';

type Fields = Readonly<Record<string, Json>>;

function fieldsOf(bytes: Uint8Array): Fields {
  try {
    const json = JSON.parse(utf8Text(bytes)) as Json;
    if (json !== null && typeof json === 'object' && !Array.isArray(json)) return json as Fields;
  } catch (cause) {
    throw new DoubtError('plexi-answer', 'not JSON', { cause });
  }
  throw new DoubtError('plexi-answer', 'not an object');
}

/** What the auditor says it signed. @throws DoubtError `plexi-answer` for what is no such answer. */
export const openAnswer = (bytes: Uint8Array): PlexiAnswer =>
  orDoubt('plexi-answer', 'not an answer of the Plexi API', () => parsePlexiAnswer(fieldsOf(bytes)));

/** Whether the answer is what the log has, byte for byte. A log may have any bytes as a message, also what is none. */
export const isLogged = ({ message, signature, keyId }: PlexiAnswer, { auditor }: Leaf): boolean =>
  equalBytes(encodePlexiMessage(message), auditor.message) &&
  equalBytes(signature, auditor.signature) &&
  keyId === plexiKeyId(auditor.key);

/** Every key that the auditor shows is one of the root, and it says that it has this log. @throws DoubtError `plexi-answer`. */
export function verifyInfo(bytes: Uint8Array, namespace: string, roots: RootChain): void {
  const { keys, logs } = fieldsOf(bytes);
  if (!Array.isArray(logs) || !logs.includes(namespace)) throw new DoubtError('plexi-answer', 'it has no such log');
  const listed = new Set(roots.newest.auditors.map(hex));
  const shown = Array.isArray(keys) ? keys.map((key) => (key as Fields | null)?.public_key) : [];
  if (!shown.some((key) => listed.has(String(key))))
    throw new DoubtError('plexi-answer', 'none of the keys it shows is an auditor of the trust root');
}

/** @param size - of the checkpoint. @throws DoubtError `plexi-answer`. */
export function verifyNamespaceInfo(bytes: Uint8Array, namespace: string, size: number, first: Leaf | undefined): void {
  const { name, root, last_verified_epoch: last = 0 } = fieldsOf(bytes);
  if (name !== namespace) throw new DoubtError('plexi-answer', 'it describes another namespace');
  // The log may have grown since its checkpoint was read; it never shrinks.
  if (typeof last !== 'number' || last < size) throw new DoubtError('plexi-answer', 'it names an older epoch');
  if (first !== undefined && root !== `1/${hex(first.digest)}`)
    throw new DoubtError('plexi-answer', 'it names another first epoch');
}

/** @throws DoubtError `plexi-answer`. */
export function verifyLastEpoch(bytes: Uint8Array, newest: Leaf): void {
  const { epoch, end_hash: end, timestamp } = fieldsOf(bytes);
  if (typeof epoch !== 'number' || epoch < newest.epoch)
    throw new DoubtError('plexi-answer', 'its last verified epoch is older than the log');
  if (epoch > newest.epoch) return;
  const why = 'no answer can agree with a message that is none';
  const { timestampMs } = orDoubt('plexi-answer', why, () => decodePlexiMessage(newest.auditor.message));
  if (end !== hex(newest.digest) || timestamp !== timestampMs)
    throw new DoubtError('plexi-answer', 'its last verified epoch is not the log’s');
}
