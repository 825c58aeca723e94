import { equalBytes } from '@coffer/base';
import {
  type CommitProof,
  type EntryHash,
  type FleetDescriptor,
  ProtocolError,
  type QuorumCertificate,
  verifyCommitProof,
} from '@coffer/protocol';
import type { SeededRandom } from '../seeded-random.js';

/** A released reply, and the proof that an honest host would send with it. */
export interface ProvenReply {
  readonly group: number;
  readonly reply: Uint8Array;
  readonly proof: CommitProof;
}

/** @returns why a client would not believe the reply, or undefined when it would. */
export function disbelief(fleet: FleetDescriptor, { group, reply, proof }: ProvenReply): string | undefined {
  try {
    verifyCommitProof(fleet, group, reply, proof);
    return undefined;
  } catch (cause) {
    if (cause instanceof ProtocolError) return cause.message;
    throw cause;
  }
}

/**
 * The same reply, or another one, under a proof put together from pieces that are each genuine. No client may believe it.
 * @param others - certificates of the same group.
 */
export function spliced(random: SeededRandom, proven: ProvenReply, others: readonly QuorumCertificate[]): ProvenReply {
  const { proof, reply, group } = proven;
  const { certificate, entries, replyIndex } = proof;
  const changed = reply.slice();
  const at = random.integer(0, reply.length - 1);
  changed[at] = (changed[at] as number) ^ 1;
  const one = certificate.signatures.slice(0, 1);
  const another = others.find(({ hash }) => !equalBytes(hash, certificate.hash));
  const [first] = entries;
  const withCertificate = (other: QuorumCertificate): ProvenReply => ({
    ...proven,
    proof: { ...proof, certificate: other },
  });
  return random.pick([
    { ...proven, reply: changed },
    { ...proven, group: 1 - group },
    { ...proven, proof: { ...proof, replyIndex: replyIndex + 1 } },
    { ...proven, proof: { ...proof, entries: first === undefined ? [] : [...entries, first] } },
    withCertificate({ ...certificate, signatures: one }),
    withCertificate({ ...certificate, signatures: certificate.signatures.flatMap(() => one) }),
    withCertificate({ ...certificate, index: certificate.index + 1n }),
    withCertificate({ ...certificate, hash: another?.hash ?? (new Uint8Array(32) as EntryHash) }),
    withCertificate(another ?? { ...certificate, signatures: [] }),
  ]);
}
