import { decodeQuorumCertificate } from '@coffer/protocol';
import type { AgentContext } from './context.js';
import { AgentError } from './errors.js';
import {
  type PeerReply,
  type PeerRequest,
  peerEntriesMax,
  peerPayloadBytes,
  snapshotLeavesMax,
} from './peer-messages.js';
import type { Site } from './site.js';
import { encodeStoredEntry } from './stored-entry.js';

type Of<T extends PeerRequest['type']> = Extract<PeerRequest, { type: T }>;

/** What other agents may read here. None of it waits for the site's lane, so that sites can wait for each other's answers. */

/** Where HSM and replica stand. @throws AgentError `hsm-unavailable`. */
export async function servePosition(site: Site): Promise<PeerReply> {
  const { promised, capTerm, index, hash, leading } = await site.inspect();
  const { tip, certificate } = site;
  const replica = { index: tip.index, hash: tip.hash as typeof hash };
  return { type: 'position', promised, capTerm, captured: { index, hash }, leading, replica, certificate };
}

/** Entries of our log. @throws AgentError `missing-data` when the first one is not held (any more). */
export function serveEntries({ ports }: AgentContext, { group, fromIndex }: Of<'fetch'>): PeerReply {
  const entries: Uint8Array[] = [];
  let bytes = 0;
  for (const stored of ports.replica.entries(group, fromIndex, peerEntriesMax)) {
    const encoded = encodeStoredEntry(stored);
    bytes += encoded.length;
    if (entries.length > 0 && bytes > peerPayloadBytes) break;
    entries.push(encoded);
  }
  if (entries.length === 0) throw new AgentError('missing-data', 'not held here');
  return { type: 'entries', entries };
}

/** @throws AgentError `missing-data` before anything is committed. */
export function serveHead({ ports }: AgentContext, { group }: Of<'head'>): PeerReply {
  const head = ports.replica.snapshotHead(group);
  if (head === undefined) throw new AgentError('missing-data', 'nothing is committed here');
  const { tipEntry, certificate } = head;
  return { type: 'head', entry: encodeStoredEntry(tipEntry), certificate: decodeQuorumCertificate(certificate) };
}

export function servePage({ ports }: AgentContext, { group, after }: Of<'snapshot'>): PeerReply {
  const { at, leaves, next } = ports.replica.snapshotPage(group, after, snapshotLeavesMax);
  return { type: 'page', at: at.index, leaves, next: next as typeof after };
}
