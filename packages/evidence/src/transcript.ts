import { type CommittedReply, committedReplyLayout, type VaultId, vaultIdLayout } from '@coffer/protocol';
import { decode, encode, enumerated, fixed, list, struct, u16, WireError } from '@coffer/wire';
import { EvidenceError } from './errors.js';
import { evidenceFileBytesMax, selfTestCallsMax } from './limits.js';

/** What was asked in a self-test. */
export const selfTestRequests = [
  'register.start',
  'register.finish',
  'register.confirm',
  'recover.start',
  'recover.finish',
] as const;

/** One call of a self-test, disclosed: the secret opens this one reply and nothing else. */
export interface SelfTestCall {
  readonly request: (typeof selfTestRequests)[number];
  /** SHA-256 of the sealed request. */
  readonly requestHash: Uint8Array;
  readonly replySecret: Uint8Array;
  readonly answer: CommittedReply;
}

/**
 * A vault that was registered, guessed at until its budget was gone, and asked for with the right password twice. Anybody
 * can open the replies and see that a quorum committed them.
 */
export interface Transcript {
  /** Who led. */
  readonly member: number;
  readonly vaultId: VaultId;
  readonly calls: readonly SelfTestCall[];
}

const layout = struct<Transcript>({
  member: u16,
  vaultId: vaultIdLayout,
  calls: list(
    struct<SelfTestCall>({
      request: enumerated(selfTestRequests),
      requestHash: fixed(32),
      replySecret: fixed(32),
      answer: committedReplyLayout,
    }),
    selfTestCallsMax,
  ),
});

/** @throws WireError over a limit. */
export const encodeTranscript = (transcript: Transcript): Uint8Array => encode(layout, transcript);

/** @throws EvidenceError `bad-transcript`. Nothing is verified. */
export function decodeTranscript(bytes: Uint8Array): Transcript {
  try {
    if (bytes.length > evidenceFileBytesMax) throw new WireError('over-limit', 'a transcript over its limit');
    return decode(layout, bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new EvidenceError('bad-transcript', 'does not decode', { cause });
  }
}
