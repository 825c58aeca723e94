import { hex } from '@coffer/base';
import { encodeQuorumCertificate, type LeafWrite, type RecordKey, verifyQuorumCertificate } from '@coffer/protocol';
import type { AgentContext } from './context.js';
import { AgentError } from './errors.js';
import { isSame, type Site } from './site.js';
import { peerSource } from './sources.js';
import { verifyLogEntry } from './stored-entry.js';

/** Pages of one snapshot: 2^30 records. A peer that never comes to an end must not keep us for ever. */
export const snapshotPagesMax = 1_048_576;

/**
 * Copies all records of a group from another site, and takes them over if they are the state at an entry that a quorum
 * certified: the tree is computed anew, and its root must be the entry's. Runs in the site's lane.
 *
 * The other site goes on working, so that pages are of different entries; what changed in between is added after them.
 * @throws AgentError `missing-data`, `refused`, `peer-unavailable`; ProtocolError; ReplicaError.
 */
export async function copySnapshot(context: AgentContext, site: Site, memberId: number): Promise<void> {
  const { group } = site;
  const install = context.ports.replica.beginSnapshot(group);
  try {
    let from: bigint | undefined;
    let after: RecordKey | undefined;
    for (let pages = 0; ; pages++) {
      if (pages >= snapshotPagesMax) throw new AgentError('refused', 'a snapshot without an end');
      const page = await context.peers.ask(memberId, { type: 'snapshot', group, after }, 'page');
      from = from === undefined || page.at < from ? page.at : from;
      install.add(page.leaves);
      if (page.next === undefined) break;
      // Keys ascend, or a peer could send the same page for ever.
      if (after !== undefined && hex(page.next) <= hex(after)) throw new AgentError('refused', 'pages out of order');
      after = page.next;
    }
    const head = await context.peers.ask(memberId, { type: 'head', group }, 'head');
    const { certificate } = head;
    verifyQuorumCertificate(context.fleet, certificate);
    const tip = verifyLogEntry(context.fleet, group, head.entry);
    if (certificate.group !== group || !isSame(certificate, { index: tip.signed.entry.index, hash: tip.hash })) {
      throw new AgentError('refused', 'a certificate for something else');
    }
    for await (const leaves of changedSince(context, group, memberId, from ?? 0n, tip.signed.entry.index))
      install.add(leaves);
    while (!install.build()) await Promise.resolve();
    install.finish({ tipEntry: tip.stored, certificate: encodeQuorumCertificate(certificate) });
  } finally {
    install.discard();
  }
}

/**
 * Leaves of the entries above `from` up to `to`, in order, so that the last one for a record counts; one answer of the peer
 * at a time, however many entries it has added meanwhile.
 */
async function* changedSince(
  context: AgentContext,
  group: number,
  memberId: number,
  from: bigint,
  to: bigint,
): AsyncGenerator<readonly LeafWrite[]> {
  const source = peerSource(context, group, memberId);
  for (let at = from; at < to; ) {
    const entries = await source.entries(at + 1n);
    if (entries.length === 0) throw new AgentError('missing-data', 'the log does not cover the snapshot');
    yield entries.filter(({ signed }) => signed.entry.index <= to).flatMap(({ stored }) => stored.leaves);
    at += BigInt(entries.length);
  }
}
