import type { ReleasedEntry } from '@coffer/hsm';
import { type CommitProof, type QuorumCertificate, replyPaths } from '@coffer/protocol';
import type { WaitingCall } from './call-queue.js';
import type { LogEntry } from './stored-entry.js';

/** An entry that waits for its quorum, with the calls that wait for its replies. */
export interface InFlight {
  readonly entry: LogEntry;
  /** Calls by the place of their reply; those that did not open were answered before. */
  readonly calls: ReadonlyMap<number, WaitingCall>;
  readonly cancelTimeout: () => void;
}

/**
 * Answers the calls of committed entries, each reply with its proof: its path in its entry, the headers from there to the
 * certified entry, and the quorum's signatures on that one.
 * @param done - consecutive, oldest first; the last one is what `certificate` certifies.
 * @param released - what the HSM released; a reply that is not there is asked for again by its client.
 */
export function answerCommitted(
  done: readonly InFlight[],
  released: readonly ReleasedEntry[],
  certificate: QuorumCertificate,
  retryAfterMs: number,
): void {
  const headers = done.map(({ entry }) => entry.signed.entry);
  for (const [at, { entry, calls }] of done.entries()) {
    const replies = released.find(({ index }) => index === entry.signed.entry.index)?.replies ?? [];
    const entries = headers.slice(at);
    const paths = replies.length > 0 ? replyPaths(replies) : [];
    for (const [replyIndex, call] of calls) {
      const reply = replies[replyIndex];
      const path = paths[replyIndex];
      if (reply === undefined || path === undefined) {
        call.answer({ type: 'unavailable', retryAfterMs });
        continue;
      }
      const proof: CommitProof = { replyIndex, path, entries, certificate };
      call.answer({ type: 'committed', reply, proof });
    }
  }
}
