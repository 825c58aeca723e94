import { equalBytes } from '@coffer/base';
import { decode, encode, fixed, list, struct, u16 } from '@coffer/wire';
import { type Entry, entryHash, entryLayout } from './entry.js';
import { ProtocolError } from './errors.js';
import type { FleetDescriptor } from './fleet-descriptor.js';
import { batchRequestsMax, commitProofEntriesMax } from './limits.js';
import { type QuorumCertificate, quorumCertificateLayout, verifyQuorumCertificate } from './quorum-certificate.js';
import { isReplyUnder } from './replies-tree.js';
import { compareTerms } from './term.js';

/** Shows anyone that a majority of the fleet captured an entry that contains one exact reply. Public. */
export interface CommitProof {
  /** Place of the reply in its entry. */
  readonly replyIndex: number;
  /** Sibling hashes up to the first entry's `repliesRoot`. */
  readonly path: readonly Uint8Array[];
  /** Entry headers from the one with the reply to the certified one, both included; often the same one. */
  readonly entries: readonly Entry[];
  readonly certificate: QuorumCertificate;
}

export const commitProofLayout = struct<CommitProof>({
  replyIndex: u16,
  path: list(fixed(32), Math.log2(batchRequestsMax)),
  entries: list(entryLayout, commitProofEntriesMax),
  certificate: quorumCertificateLayout,
});

export const encodeCommitProof = (proof: CommitProof): Uint8Array => encode(commitProofLayout, proof);
/** @throws WireError. */
export const decodeCommitProof = (bytes: Uint8Array): CommitProof => decode(commitProofLayout, bytes);

/**
 * The client's own check of the majority (docs/spec/protocol.md §10): a reply without it is no reply.
 * @returns the entry that contains the reply.
 * @throws ProtocolError `bad-commit-proof`, or `bad-certificate` for the quorum itself.
 */
export function verifyCommitProof(fleet: FleetDescriptor, group: number, reply: Uint8Array, proof: CommitProof): Entry {
  const first = proof.entries[0];
  if (first === undefined) return fail('no entry');
  let hash = entryHash(first);
  let last = first;
  for (const next of proof.entries.slice(1)) {
    if (next.index !== last.index + 1n || !equalBytes(next.prevHash, hash)) fail('entries do not chain');
    hash = entryHash(next);
    last = next;
  }
  for (const entry of proof.entries) {
    if (entry.group !== group || !equalBytes(entry.configHash, fleet.configHash)) fail('another group or fleet');
  }
  if (!isReplyUnder(first.repliesRoot, reply, proof.replyIndex, first.count, proof.path))
    fail('reply not in its entry');
  const { certificate } = proof;
  if (certificate.group !== group || certificate.index !== last.index || !equalBytes(certificate.hash, hash)) {
    fail('certificate for another entry');
  }
  if (compareTerms(certificate.term, last.term) < 0) fail('certificate from before the entry');
  verifyQuorumCertificate(fleet, certificate);
  return first;
}

function fail(what: string): never {
  throw new ProtocolError('bad-commit-proof', `commit proof: ${what}`);
}
